package naive

# The policy is a text.
deny contains msg if {
	some resource in input.planned_values.root_module.resources
	some statement in resource.values.policy.Statement
	statement.Action == "*"
	msg := sprintf("%s allows everything", [resource.address])
}
