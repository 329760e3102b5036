"""A first rule of somebody's own, with tests for the three things it can say: nothing, a problem, and that it cannot
tell."""

from __future__ import annotations

import re
from collections.abc import Mapping

from terrace.errors import BadInput

_NAME = re.compile(
    r"(?!(?:as|contains|data|default|else|every|false|if|import|in|input|not|null|package|some|true|with)$)"
    r"[a-z][a-z0-9_]{0,62}(?<!_test)"
)
"""No word of Rego, and nothing that says that it is a test."""


def starter(name: str) -> Mapping[str, str]:
    """The files of a new rule, by path. Raises BadInput for a name that can be none of a package."""
    if not _NAME.fullmatch(name):
        raise BadInput(
            f"{name!r} is no name for a rule",
            hint="small letters, digits and _, beginning with a letter, no word of Rego: s3_versioning",
        )
    return {f"{name}.rego": _RULE.replace("NAME", name), f"{name}_test.rego": _TESTS.replace("NAME", name)}


_RULE = """# METADATA
# title: Buckets have no public ACL
# description: Anybody can read what a bucket with a public ACL holds.
# custom:
#   id: NAME
#   severity: high
#   types: [aws_s3_bucket_acl]
#   remediation: Set the acl to private.
package house.NAME

# What holds a change: every message of `deny`. `warn` only tells.
deny contains message if {
	some thing in checked
	startswith(thing.after.acl, "public")
	message := {
		"msg": sprintf("the acl is %s", [thing.after.acl]),
		"resource": thing.address,
		"rule": "NAME",
		"severity": "high",
		"fix": "set the acl to private",
	}
}

# A value that is known only after apply is {"unknown": true}: say so, or the rule would be silent.
deny contains message if {
	some thing in checked
	thing.after.acl.unknown
	message := {
		"msg": "the acl is known only after apply",
		"resource": thing.address,
		"rule": "NAME",
		"severity": "high",
		"status": "unknown",
	}
}

# Everything of that type that will be there afterwards, in whatever module it stands.
checked contains thing if {
	some thing in input.resources
	thing.type == "aws_s3_bucket_acl"
	not thing.action in {"delete", "forget"}
}
"""

_TESTS = """package house.NAME_test

import data.house.NAME

test_fires if {
	some message in NAME.deny with input as plan({"acl": "public-read"})
	message.resource == "aws_s3_bucket_acl.it"
	not message.status
}

test_is_silent if {
	count(NAME.deny) == 0 with input as plan({"acl": "private"})
}

test_is_silent_of_what_goes if {
	gone := {"address": "aws_s3_bucket_acl.it", "type": "aws_s3_bucket_acl", "action": "delete", "after": null}
	count(NAME.deny) == 0 with input as {"resources": [gone]}
}

test_cannot_tell if {
	some message in NAME.deny with input as plan({"acl": {"unknown": true}})
	message.status == "unknown"
}

# `terrace policy input STACK` shows what a whole plan looks like.
plan(after) := {"resources": [{
	"address": "aws_s3_bucket_acl.it",
	"type": "aws_s3_bucket_acl",
	"action": "create",
	"after": after,
}]}
"""
