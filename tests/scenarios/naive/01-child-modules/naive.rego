package naive

# Looks at the root module only.
deny contains msg if {
	some resource in input.planned_values.root_module.resources
	resource.type == "aws_db_instance"
	resource.values.publicly_accessible == true
	msg := sprintf("%s is public", [resource.address])
}
