# METADATA
# title: A key vault can be emptied permanently
# description: >-
#   Data encrypted with its keys is lost with them; purge protection keeps them during the soft delete period.
# related_resources:
#   - ref: https://learn.microsoft.com/azure/key-vault/general/soft-delete-overview
# custom:
#   id: azure-key-vault-purge
#   severity: high
#   family: deletion-protection
#   types: [azurerm_key_vault]
#   controls: [0b60c0b2-2dc2-4e1c-b5c9-abbed971de53]
#   remediation: >-
#     Set purge_protection_enabled = true.
package terrace.azure.key_vault_purge

import rego.v1

import data.terrace.lib

deny contains lib.finding(rego.metadata.chain(), problem) if {
	some problem in lib.must({"azurerm_key_vault"}, ["purge_protection_enabled"], {true})
}
