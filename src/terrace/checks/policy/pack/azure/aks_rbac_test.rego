package terrace.azure.aks_rbac_test

import rego.v1

import data.terrace.azure.aks_rbac
import data.terrace.testing

test_fires if {
	testing.fails(aks_rbac.deny) with input as testing.one("azurerm_kubernetes_cluster", {"role_based_access_control_enabled": false})
}

test_silent if {
	testing.silent(aks_rbac.deny) with input as testing.one("azurerm_kubernetes_cluster", {"role_based_access_control_enabled": true})
}

test_unknown if {
	testing.unknown(aks_rbac.deny) with input as testing.one("azurerm_kubernetes_cluster", {"role_based_access_control_enabled": testing.later})
}
