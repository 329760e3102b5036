# METADATA
# title: A key or secret never expires
# description: >-
#   A leaked key or secret stays valid forever.
# related_resources:
#   - ref: https://learn.microsoft.com/azure/key-vault/secrets/secrets-best-practices
# custom:
#   id: azure-key-vault-expiry
#   severity: medium
#   family: secret-expiry
#   types: [azurerm_key_vault_secret, azurerm_key_vault_key]
#   controls: [98728c90-32c7-4049-8429-847dc0f4fe37, 152b15f7-8e1f-4c1f-ab71-8c010ba5dbc0]
#   remediation: >-
#     Set expiration_date.
package terrace.azure.key_vault_expiry

import rego.v1

import data.terrace.lib

warn contains lib.finding(rego.metadata.chain(), problem) if {
	some problem in lib.must_be_set({"azurerm_key_vault_secret", "azurerm_key_vault_key"}, ["expiration_date"])
}
