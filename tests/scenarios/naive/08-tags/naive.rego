package naive

required := {"Environment", "Owner", "CostCenter", "Project"}

# Without any tags there is nothing to iterate over, and an empty value is a value. The case of a key is taken to matter.
deny contains msg if {
	some resource in input.planned_values.root_module.resources
	some key, _ in resource.values.tags
	key in required
	missing := required - {name | some name, _ in resource.values.tags}
	count(missing) > 0
	msg := sprintf("%s lacks %v", [resource.address, missing])
}
