# METADATA
# title: A cluster sends no logs
# description: >-
#   Without logs, actions in the cluster cannot be traced to a user.
# related_resources:
#   - ref: https://learn.microsoft.com/azure/aks/monitor-aks
# custom:
#   id: azure-aks-logging
#   severity: medium
#   family: cluster-logging
#   types: [azurerm_kubernetes_cluster]
#   controls: []
#   remediation: >-
#     Add an oms_agent block with log_analytics_workspace_id.
package terrace.azure.aks_logging

import rego.v1

import data.terrace.lib

warn contains lib.finding(rego.metadata.chain(), problem) if {
	some problem in lib.must_be_set({"azurerm_kubernetes_cluster"}, ["oms_agent"])
}
