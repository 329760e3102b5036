package terrace.azure.acr_admin_test

import rego.v1

import data.terrace.azure.acr_admin
import data.terrace.testing

test_fires if {
	testing.fails(acr_admin.warn) with input as testing.one("azurerm_container_registry", {"admin_enabled": true})
}

test_silent if {
	testing.silent(acr_admin.warn) with input as testing.one("azurerm_container_registry", {"admin_enabled": false})
}

test_unknown if {
	testing.unknown(acr_admin.warn) with input as testing.one("azurerm_container_registry", {"admin_enabled": testing.later})
}
