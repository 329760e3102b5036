package naive

# Both have borne other names for years.
deny contains msg if {
	some resource in input.planned_values.root_module.resources
	resource.type == "azurerm_storage_account"
	resource.values.allow_blob_public_access == true
	msg := sprintf("%s is public", [resource.address])
}

deny contains msg if {
	some resource in input.planned_values.root_module.resources
	resource.type == "azurerm_app_service"
	resource.values.https_only != true
	msg := sprintf("%s answers in clear", [resource.address])
}
