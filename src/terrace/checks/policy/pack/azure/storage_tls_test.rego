package terrace.azure.storage_tls_test

import rego.v1

import data.terrace.azure.storage_tls
import data.terrace.testing

test_fires if {
	testing.fails(storage_tls.warn) with input as testing.one("azurerm_storage_account", {"min_tls_version": "TLS1_0"})
}

test_silent if {
	testing.silent(storage_tls.warn) with input as testing.one("azurerm_storage_account", {"min_tls_version": "TLS1_2"})
}

test_unknown if {
	testing.unknown(storage_tls.warn) with input as testing.one("azurerm_storage_account", {"min_tls_version": testing.later})
}

test_fires_2 if {
	testing.fails(storage_tls.warn) with input as testing.one("azapi_resource", {"type": "Microsoft.Storage/storageAccounts@2023-05-01", "body": {"properties": {}}})
}
