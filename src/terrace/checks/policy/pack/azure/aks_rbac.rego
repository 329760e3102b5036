# METADATA
# title: A cluster has no access control
# description: >-
#   Without RBAC, every token has administrator permissions.
# related_resources:
#   - ref: https://learn.microsoft.com/azure/aks/concepts-identity
# custom:
#   id: azure-aks-rbac
#   severity: high
#   family: cluster-access
#   types: [azurerm_kubernetes_cluster]
#   controls: [ac4a19c2-fa67-49b4-8ae5-0b2e78c49457]
#   remediation: >-
#     Remove role_based_access_control_enabled = false.
package terrace.azure.aks_rbac

import rego.v1

import data.terrace.lib

deny contains lib.finding(rego.metadata.chain(), problem) if {
	some problem in lib.must_not({"azurerm_kubernetes_cluster"}, ["role_based_access_control_enabled"], {false})
}
