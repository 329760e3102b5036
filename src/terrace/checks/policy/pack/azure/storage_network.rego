# METADATA
# title: A storage account is open to every network
# description: >-
#   A leaked key is enough to read everything, from anywhere.
# related_resources:
#   - ref: https://learn.microsoft.com/azure/storage/common/storage-network-security
# custom:
#   id: azure-storage-network
#   severity: high
#   family: open-ingress
#   types: [azurerm_storage_account, azurerm_storage_account_network_rules]
#   controls: [34c877ad-507e-4c82-993e-3452a6e0ad3c]
#   remediation: >-
#     Set network_rules { default_action = "Deny" } and list the allowed networks, or
#     public_network_access_enabled = false.
package terrace.azure.storage_network

import rego.v1

import data.terrace.lib

deny contains lib.finding(rego.metadata.chain(), problem) if {
	some problem in _open(0)
}

deny contains lib.finding(rego.metadata.chain(), problem) if {
	some problem in lib.must({"azurerm_storage_account_network_rules"}, ["default_action"], {"Deny"})
}

_open(_) := {problem |
	some account in lib.after("azurerm_storage_account")
	not lib.holds(account, ["public_network_access_enabled"], {false})
	some problem in _judged(account)
}

_judged(account) := {lib.unsure(account, ["network_rules", 0, "default_action"])} if {
	lib.look(account, ["network_rules", 0, "default_action"]).is != "known"
} else := set() if {
	lib.known(account, ["network_rules", 0, "default_action"]) == "Deny"
} else := {lib.broken(account, "network_rules.0.default_action is Allow")} if {
	lib.known(account, ["network_rules", 0, "default_action"]) == "Allow"
} else := lib.lacking(account, "azurerm_storage_account_network_rules", "storage_account_id")
