"""A template for a user's first rule, with tests for its three results: nothing, a problem, and unknown."""

from __future__ import annotations

import re
from collections.abc import Mapping

from terrace.errors import BadInput

_NAME = re.compile(
    r"(?!(?:as|contains|data|default|else|every|false|if|import|in|input|not|null|package|some|true|with)$)"
    r"[a-z][a-z0-9_]{0,62}(?<!_test)"
)
"""Names that are not keywords of Rego, and do not look like tests."""


def starter(name: str) -> Mapping[str, str]:
    """Returns the files of a new rule, by path. Raises BadInput for a name that cannot be the name of a package."""
    if not _NAME.fullmatch(name):
        raise BadInput(
            f"{name!r} is not a valid name for a rule",
            hint="use lowercase letters, digits and _, starting with a letter, and no Rego keyword: s3_versioning",
        )
    return {f"{name}.rego": _RULE.replace("NAME", name), f"{name}_test.rego": _TESTS.replace("NAME", name)}


_RULE = """# METADATA
# title: Buckets have no public ACL
# description: Anyone can read the objects of a bucket with a public ACL.
# custom:
#   id: NAME
#   severity: high
#   types: [aws_s3_bucket_acl]
#   remediation: Set the acl to private.
package custom.NAME

# Every message of `deny` blocks a change. Messages of `warn` are advisory.
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

# A value that is known only after apply is {"unknown": true}: report that, or the rule would be silent.
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

# Every resource of that type that exists after the apply, in any module.
checked contains thing if {
	some thing in input.resources
	thing.type == "aws_s3_bucket_acl"
	not thing.action in {"delete", "forget"}
}
"""

_TESTS = """package custom.NAME_test

import data.custom.NAME

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

# `terrace policy input STACK` shows a complete plan.
plan(after) := {"resources": [{
	"address": "aws_s3_bucket_acl.it",
	"type": "aws_s3_bucket_acl",
	"action": "create",
	"after": after,
}]}
"""
