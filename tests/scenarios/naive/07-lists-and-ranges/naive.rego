package naive

# One spelling of many.
deny contains msg if {
	some resource in input.planned_values.root_module.resources
	resource.type == "azurerm_network_security_rule"
	resource.values.access == "Allow"
	resource.values.source_address_prefix == "*"
	resource.values.destination_port_range in {"*", "22", "3389"}
	msg := sprintf("%s is open", [resource.address])
}
