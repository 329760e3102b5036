package terrace.azure.storage_shared_key_test

import rego.v1

import data.terrace.azure.storage_shared_key
import data.terrace.testing

test_fires if {
	testing.fails(storage_shared_key.warn) with input as testing.one("azurerm_storage_account", {"shared_access_key_enabled": true})
}

test_silent if {
	testing.silent(storage_shared_key.warn) with input as testing.one("azurerm_storage_account", {"shared_access_key_enabled": false})
}

test_unknown if {
	testing.unknown(storage_shared_key.warn) with input as testing.one("azurerm_storage_account", {"shared_access_key_enabled": testing.later})
}
