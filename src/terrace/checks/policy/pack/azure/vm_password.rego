# METADATA
# title: A machine accepts password logins
# description: >-
#   Attackers try passwords from everywhere, all day.
# related_resources:
#   - ref: https://learn.microsoft.com/azure/virtual-machines/linux/mac-create-ssh-keys
# custom:
#   id: azure-vm-password
#   severity: high
#   family: identity
#   types: [azurerm_linux_virtual_machine, azurerm_linux_virtual_machine_scale_set]
#   controls: [630c64f9-8b6b-4c64-b511-6544ceff6fd6]
#   remediation: >-
#     Leave disable_password_authentication at true, and set admin_ssh_key.
package terrace.azure.vm_password

import rego.v1

import data.terrace.lib

deny contains lib.finding(rego.metadata.chain(), problem) if {
	some problem in lib.must_not({"azurerm_linux_virtual_machine", "azurerm_linux_virtual_machine_scale_set"}, ["disable_password_authentication"], {false})
}
