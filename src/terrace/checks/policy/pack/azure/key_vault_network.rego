# METADATA
# title: A key vault is open to every network
# description: >-
#   One leaked credential is enough to read every secret, from anywhere.
# related_resources:
#   - ref: https://learn.microsoft.com/azure/key-vault/general/network-security
# custom:
#   id: azure-key-vault-network
#   severity: high
#   family: open-ingress
#   types: [azurerm_key_vault]
#   controls: [55615ac9-af46-4a59-874e-391cc3dfb490]
#   remediation: >-
#     network_acls { default_action = "Deny", bypass = "AzureServices" }, or public_network_access_enabled = false.
package terrace.azure.key_vault_network

import rego.v1

import data.terrace.lib

deny contains lib.finding(rego.metadata.chain(), problem) if {
	some problem in _open(0)
}

_open(_) := {problem |
	some problem in lib.must({"azurerm_key_vault"}, ["network_acls", 0, "default_action"], {"Deny"})
	not lib.holds(problem.resource, ["public_network_access_enabled"], {false})
}
