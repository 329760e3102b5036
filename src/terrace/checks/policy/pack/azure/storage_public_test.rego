package terrace.azure.storage_public_test

import rego.v1

import data.terrace.azure.storage_public
import data.terrace.testing

test_fires if {
	testing.fails(storage_public.deny) with input as testing.one("azurerm_storage_account", {"allow_nested_items_to_be_public": true})
}

test_fires_2 if {
	testing.fails(storage_public.deny) with input as testing.one("azurerm_storage_account", {"allow_blob_public_access": true})
}

test_fires_3 if {
	testing.fails(storage_public.deny) with input as testing.one("azurerm_storage_account", {"name": "neither is set, and public is what azurerm assumes"})
}

test_fires_4 if {
	testing.fails(storage_public.deny) with input as testing.one("azurerm_storage_container", {"container_access_type": "blob"})
}

test_fires_5 if {
	testing.fails(storage_public.deny) with input as testing.one("azapi_resource", {"type": "Microsoft.Storage/storageAccounts@2023-05-01", "body": {"properties": {"allowBlobPublicAccess": true}}})
}

test_fires_6 if {
	testing.fails(storage_public.deny) with input as testing.one("azapi_resource", {"type": "Microsoft.Storage/storageAccounts@2023-05-01", "body": "{\"properties\": {\"allowBlobPublicAccess\": true}}"})
}

test_silent if {
	testing.silent(storage_public.deny) with input as testing.one("azurerm_storage_account", {"allow_nested_items_to_be_public": false})
}

test_silent_2 if {
	testing.silent(storage_public.deny) with input as testing.one("azurerm_storage_account", {"allow_blob_public_access": false})
}

test_silent_3 if {
	testing.silent(storage_public.deny) with input as testing.one("azapi_resource", {"type": "Microsoft.Storage/storageAccounts@2023-05-01", "body": {"properties": {"allowBlobPublicAccess": false}}})
}

test_silent_4 if {
	testing.silent(storage_public.deny) with input as testing.one("azapi_resource", {"type": "Microsoft.Web/sites@2023-12-01", "body": {"properties": {"allowBlobPublicAccess": true}}})
}

test_unknown if {
	testing.unknown(storage_public.deny) with input as testing.one("azurerm_storage_account", {"allow_nested_items_to_be_public": testing.later})
}

test_unknown_2 if {
	testing.unknown(storage_public.deny) with input as testing.one("azapi_resource", {"type": "Microsoft.Storage/storageAccounts@2023-05-01", "body": testing.later})
}
