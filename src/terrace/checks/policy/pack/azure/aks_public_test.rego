package terrace.azure.aks_public_test

import rego.v1

import data.terrace.azure.aks_public
import data.terrace.testing

test_fires if {
	testing.fails(aks_public.deny) with input as testing.one("azurerm_kubernetes_cluster", {"name": "k"})
}

test_fires_2 if {
	testing.fails(aks_public.deny) with input as testing.one("azurerm_kubernetes_cluster", {"private_cluster_enabled": false, "api_server_access_profile": [{"authorized_ip_ranges": ["0.0.0.0/0"]}]})
}

test_silent if {
	testing.silent(aks_public.deny) with input as testing.one("azurerm_kubernetes_cluster", {"private_cluster_enabled": true})
}

test_silent_2 if {
	testing.silent(aks_public.deny) with input as testing.one("azurerm_kubernetes_cluster", {"api_server_access_profile": [{"authorized_ip_ranges": ["192.0.2.0/24"]}]})
}

test_silent_3 if {
	testing.silent(aks_public.deny) with input as testing.one("azurerm_kubernetes_cluster", {"api_server_authorized_ip_ranges": ["192.0.2.0/24"]})
}

test_unknown if {
	testing.unknown(aks_public.deny) with input as testing.one("azurerm_kubernetes_cluster", {"private_cluster_enabled": testing.later})
}

test_unknown_2 if {
	testing.unknown(aks_public.deny) with input as testing.one("azurerm_kubernetes_cluster", {"api_server_access_profile": testing.later})
}
