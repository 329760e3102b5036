# METADATA
# title: A disk can be downloaded from any network
# description: >-
#   One generated link is enough to copy the whole disk.
# related_resources:
#   - ref: https://learn.microsoft.com/azure/virtual-machines/disks-restrict-import-export-overview
# custom:
#   id: azure-disk-public
#   severity: medium
#   family: disk-exposure
#   types: [azurerm_managed_disk, azurerm_snapshot]
#   controls: []
#   remediation: >-
#     Set network_access_policy = "DenyAll" and public_network_access_enabled = false.
package terrace.azure.disk_public

import rego.v1

import data.terrace.lib

warn contains lib.finding(rego.metadata.chain(), problem) if {
	some problem in lib.must({"azurerm_managed_disk", "azurerm_snapshot"}, ["public_network_access_enabled"], {false})
}
