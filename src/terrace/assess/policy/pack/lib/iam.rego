# METADATA
# title: What the policies of AWS allow
package terrace.lib.iam

import rego.v1

import data.terrace.lib

# The statements of a policy document that allow something.
allowing(document) := [statement |
	some statement in lib.listed(object.get(document, "Statement", []))
	statement.Effect == "Allow"
]

actions(statement) := {lower(action) | some action in lib.listed(object.get(statement, "Action", []))}

resources(statement) := {resource | some resource in lib.listed(object.get(statement, "Resource", []))}

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

# Anybody on the internet, with no condition that could hold him back.
anybody(statement) if {
	_star(statement)
	count(object.get(statement, "Condition", {})) == 0
}

anybody(statement) if statement.NotPrincipal

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

unread(types, path) := {lib.unsure(resource, path) |
	some resource in lib.after_any(types)
	lib.look(resource, path).is != "known"
}

name_of(statement) := sprintf("statement %s", [statement.Sid]) if {
	statement.Sid
} else := "a statement without Sid"
