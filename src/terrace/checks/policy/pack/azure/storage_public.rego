# METADATA
# title: Blobs can be read without signing in
# description: >-
#   One container set to public is readable by everyone; the account setting prevents that for all containers.
# related_resources:
#   - ref: https://learn.microsoft.com/azure/storage/blobs/anonymous-read-access-prevent
# custom:
#   id: azure-storage-public
#   severity: critical
#   family: public-storage
#   types: [azurerm_storage_account, azurerm_storage_container, azapi_resource]
#   controls: [4fa4b6c0-31ca-4c0d-b10d-24b96f62a751]
#   remediation: >-
#     Set allow_nested_items_to_be_public = false (allow_blob_public_access before azurerm 3), container_access_type =
#     "private"; for azapi properties.allowBlobPublicAccess = false.
package terrace.azure.storage_public

import rego.v1

import data.terrace.lib
import data.terrace.lib.azapi

deny contains lib.finding(rego.metadata.chain(), problem) if {
	some problem in _accounts(0)
}

deny contains lib.finding(rego.metadata.chain(), problem) if {
	some problem in lib.must_not({"azurerm_storage_container"}, ["container_access_type"], {"blob", "container"})
}

deny contains lib.finding(rego.metadata.chain(), problem) if {
	some problem in _azapi(0)
}

_accounts(_) := {problem |
	some account in lib.after("azurerm_storage_account")
	problem := lib.judge_named(account, ["allow_nested_items_to_be_public", "allow_blob_public_access"], {false}, true)
}

_azapi(_) := azapi.must("Microsoft.Storage/storageAccounts", ["properties", "allowBlobPublicAccess"], {false, null})
