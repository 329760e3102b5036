# METADATA
# title: Everybody in a cluster may do everything
# description: >-
#   Without roles each token is an administrator's.
# related_resources:
#   - ref: https://learn.microsoft.com/azure/aks/concepts-identity
# custom:
#   id: azure-aks-rbac
#   severity: high
#   family: cluster-access
#   types: [azurerm_kubernetes_cluster]
#   controls: [ac4a19c2-fa67-49b4-8ae5-0b2e78c49457]
#   remediation: >-
#     Take role_based_access_control_enabled = false out.
package terrace.azure.aks_rbac

import rego.v1

import data.terrace.lib

deny contains lib.told(rego.metadata.chain(), problem) if {
	some problem in lib.must_not({"azurerm_kubernetes_cluster"}, ["role_based_access_control_enabled"], {false})
}
