# METADATA
# title: A storage account can be accessed with its shared key
# description: >-
#   The key grants full access, identifies no person, and never expires.
# related_resources:
#   - ref: https://learn.microsoft.com/azure/storage/common/shared-key-authorization-prevent
# custom:
#   id: azure-storage-shared-key
#   severity: low
#   family: long-lived-credential
#   types: [azurerm_storage_account]
#   controls: [8c6a50c6-9ffd-4ae7-986f-5fa6111f9a54]
#   remediation: >-
#     Set shared_access_key_enabled = false, and grant access to identities by roles.
package terrace.azure.storage_shared_key

import rego.v1

import data.terrace.lib

warn contains lib.finding(rego.metadata.chain(), problem) if {
	some problem in lib.must({"azurerm_storage_account"}, ["shared_access_key_enabled"], {false})
}
