package naive

# Nobody wrote false: it is what the provider makes of nothing.
deny contains msg if {
	some resource in input.planned_values.root_module.resources
	resource.type == "aws_db_instance"
	resource.values.storage_encrypted == false
	msg := sprintf("%s is not encrypted", [resource.address])
}
