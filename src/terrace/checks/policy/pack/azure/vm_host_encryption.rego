# METADATA
# title: Caches and temporary disks of a machine are not encrypted
# description: >-
#   They contain memory pages and parts of the data, in clear text on the host.
# related_resources:
#   - ref: https://learn.microsoft.com/azure/virtual-machines/disk-encryption-overview
# custom:
#   id: azure-vm-host-encryption
#   severity: low
#   family: disk-encryption
#   types:
#     - azurerm_linux_virtual_machine
#     - azurerm_windows_virtual_machine
#     - azurerm_linux_virtual_machine_scale_set
#     - azurerm_windows_virtual_machine_scale_set
#   controls: [fc4d8e41-e223-45ea-9bf5-eada37891d87]
#   remediation: >-
#     Set encryption_at_host_enabled = true.
package terrace.azure.vm_host_encryption

import rego.v1

import data.terrace.lib

warn contains lib.finding(rego.metadata.chain(), problem) if {
	some problem in lib.must({"azurerm_linux_virtual_machine", "azurerm_windows_virtual_machine", "azurerm_linux_virtual_machine_scale_set", "azurerm_windows_virtual_machine_scale_set"}, ["encryption_at_host_enabled"], {true})
}
