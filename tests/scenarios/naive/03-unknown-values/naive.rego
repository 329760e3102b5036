package naive

# What is known only after apply is not there, so that nothing is equal to anything.
deny contains msg if {
	some resource in input.planned_values.root_module.resources
	resource.type == "aws_vpc_security_group_ingress_rule"
	resource.values.cidr_ipv4 == "0.0.0.0/0"
	msg := sprintf("%s is open", [resource.address])
}
