package terrace.azure.storage_https_test

import rego.v1

import data.terrace.azure.storage_https
import data.terrace.testing

test_fires if {
	testing.fails(storage_https.deny) with input as testing.one("azurerm_storage_account", {"https_traffic_only_enabled": false})
}

test_fires_2 if {
	testing.fails(storage_https.deny) with input as testing.one("azurerm_storage_account", {"enable_https_traffic_only": false})
}

test_silent if {
	testing.silent(storage_https.deny) with input as testing.one("azurerm_storage_account", {"https_traffic_only_enabled": true})
}

test_silent_2 if {
	testing.silent(storage_https.deny) with input as testing.one("azurerm_storage_account", {"name": "the provider's default"})
}

test_unknown if {
	testing.unknown(storage_https.deny) with input as testing.one("azurerm_storage_account", {"https_traffic_only_enabled": testing.later})
}

test_fires_3 if {
	testing.fails(storage_https.deny) with input as testing.one("azapi_resource", {"type": "Microsoft.Storage/storageAccounts@2023-05-01", "body": {"properties": {"supportsHttpsTrafficOnly": false}}})
}
