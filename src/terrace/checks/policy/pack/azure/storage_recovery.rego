# METADATA
# title: Deleted blobs cannot be restored
# description: >-
#   Blobs that are deleted by mistake, or for ransom, are lost immediately.
# related_resources:
#   - ref: https://learn.microsoft.com/azure/storage/blobs/soft-delete-blob-overview
# custom:
#   id: azure-storage-recovery
#   severity: low
#   family: backup
#   types: [azurerm_storage_account]
#   controls: []
#   remediation: >-
#     blob_properties { delete_retention_policy { days = 7 } }
package terrace.azure.storage_recovery

import rego.v1

import data.terrace.lib

warn contains lib.finding(rego.metadata.chain(), problem) if {
	some problem in lib.must_not({"azurerm_storage_account"}, ["blob_properties", 0, "delete_retention_policy"], {null, []})
}
