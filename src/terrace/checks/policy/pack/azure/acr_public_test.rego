package terrace.azure.acr_public_test

import rego.v1

import data.terrace.azure.acr_public
import data.terrace.testing

test_fires if {
	testing.fails(acr_public.warn) with input as testing.one("azurerm_container_registry", {"public_network_access_enabled": true})
}

test_silent if {
	testing.silent(acr_public.warn) with input as testing.one("azurerm_container_registry", {"public_network_access_enabled": false})
}

test_unknown if {
	testing.unknown(acr_public.warn) with input as testing.one("azurerm_container_registry", {"public_network_access_enabled": testing.later})
}
