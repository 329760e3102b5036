package terrace.azure.storage_recovery_test

import rego.v1

import data.terrace.azure.storage_recovery
import data.terrace.testing

test_fires if {
	testing.fails(storage_recovery.warn) with input as testing.one("azurerm_storage_account", {"blob_properties": []})
}

test_silent if {
	testing.silent(storage_recovery.warn) with input as testing.one("azurerm_storage_account", {"blob_properties": [{"delete_retention_policy": [{"days": 7}]}]})
}

test_unknown if {
	testing.unknown(storage_recovery.warn) with input as testing.one("azurerm_storage_account", {"blob_properties": testing.later})
}
