# METADATA
# title: What the policies of AWS allow
package terrace.lib.iam

import rego.v1

import data.terrace.lib

# The statements of a policy document that allow something.
allowing(document) := [statement |
	some statement in lib.listed(object.get(document, "Statement", []))
	statement.Effect in {"Allow", _later}
]

_later := {"unknown": true}

actions(statement) := {lower(action) | some action in _texts(statement, "Action")}

resources(statement) := {resource | some resource in _texts(statement, "Resource")}

_texts(statement, key) := {text | some text in lib.listed(object.get(statement, key, [])); is_string(text)}

# Whether a part of a statement is known only after apply. What only refers to something new is no pattern.
_open(statement, key) if {
	some part in lib.listed(object.get(statement, key, []))
	part == _later
}

# Everything on everything, or everything but a few things.
all_powerful(statement) if {
	some action in actions(statement)
	action in {"*", "*:*"}
	"*" in resources(statement)
}

all_powerful(statement) if {
	statement.NotAction
	"*" in resources(statement)
}

# What may be so, as far as can be read.
perhaps_powerful(statement) if {
	_perhaps_all(statement)
	_perhaps_everywhere(statement)
}

_perhaps_all(statement) if _open(statement, "Action")

_perhaps_all(statement) if statement.NotAction

_perhaps_all(statement) if {
	some action in actions(statement)
	action in {"*", "*:*"}
}

_perhaps_everywhere(statement) if _open(statement, "Resource")

_perhaps_everywhere(statement) if "*" in resources(statement)

# Anybody on the internet, with no condition that could hold him back.
anybody(statement) if {
	_star(statement)
	count(object.get(statement, "Condition", {})) == 0
}

anybody(statement) if statement.NotPrincipal

perhaps_anybody(statement) if {
	_star(statement)
	statement.Condition == _later
}

perhaps_anybody(statement) if {
	count(object.get(statement, "Condition", {})) == 0
	some principal in [object.get(statement, "Principal", null), object.get(statement, ["Principal", "AWS"], null)]
	some part in lib.listed(principal)
	part == _later
}

_star(statement) if statement.Principal == "*"

_star(statement) if {
	some who in lib.listed(statement.Principal.AWS)
	who == "*"
}

# The problems of the policy at `path` of each resource: `bad` statements broken, what cannot be read unsure.
documents(types, path) := [{"resource": resource, "document": document} |
	some resource in lib.after_any(types)
	document := lib.document(resource, path)
]

# Policies that cannot be read: none of their text is known, or a statement is not.
unread(types, path) := {lib.unsure(resource, path) |
	some resource in lib.after_any(types)
	lib.look(resource, path).is != "known"
	not _read(resource, path)
}

_read(resource, path) if {
	document := lib.document(resource, path)
	not _later in lib.listed(object.get(document, "Statement", []))
}

# Statements that are partly known only after apply, so that it is unknown whether they are bad.
doubtful(resource, statement, what) := {
	"resource": resource,
	"status": "unknown",
	"why": sprintf("Unknown: %s of %s is known only after apply", [what, name_of(statement)]),
}

name_of(statement) := sprintf("statement %s", [statement.Sid]) if {
	statement.Sid
} else := "a statement without Sid"
