# METADATA
# title: A cluster has local accounts outside the directory
# description: >-
#   Their certificate identifies no person and cannot be revoked.
# related_resources:
#   - ref: https://learn.microsoft.com/azure/aks/manage-local-accounts-managed-azure-ad
# custom:
#   id: azure-aks-local-accounts
#   severity: medium
#   family: cluster-access
#   types: [azurerm_kubernetes_cluster]
#   controls: [993c2fcd-2b29-49d2-9eb0-df2c3a730c32]
#   remediation: >-
#     Set local_account_disabled = true.
package terrace.azure.aks_local_accounts

import rego.v1

import data.terrace.lib

warn contains lib.finding(rego.metadata.chain(), problem) if {
	some problem in lib.must({"azurerm_kubernetes_cluster"}, ["local_account_disabled"], {true})
}
