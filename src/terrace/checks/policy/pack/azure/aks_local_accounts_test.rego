package terrace.azure.aks_local_accounts_test

import rego.v1

import data.terrace.azure.aks_local_accounts
import data.terrace.testing

test_fires if {
	testing.fails(aks_local_accounts.warn) with input as testing.one("azurerm_kubernetes_cluster", {"local_account_disabled": false})
}

test_silent if {
	testing.silent(aks_local_accounts.warn) with input as testing.one("azurerm_kubernetes_cluster", {"local_account_disabled": true})
}

test_unknown if {
	testing.unknown(aks_local_accounts.warn) with input as testing.one("azurerm_kubernetes_cluster", {"local_account_disabled": testing.later})
}
