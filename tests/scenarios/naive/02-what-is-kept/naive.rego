package naive

# Looks at what is created, so that what was made before the rule, and what is replaced, goes on for ever.
deny contains msg if {
	some resource in input.resource_changes
	resource.type == "azurerm_storage_account"
	resource.change.actions == ["create"]
	resource.change.after.allow_nested_items_to_be_public == true
	msg := sprintf("%s is public", [resource.address])
}
