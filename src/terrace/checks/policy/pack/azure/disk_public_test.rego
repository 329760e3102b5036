package terrace.azure.disk_public_test

import rego.v1

import data.terrace.azure.disk_public
import data.terrace.testing

test_fires if {
	testing.fails(disk_public.warn) with input as testing.one("azurerm_managed_disk", {"public_network_access_enabled": true})
}

test_silent if {
	testing.silent(disk_public.warn) with input as testing.one("azurerm_managed_disk", {"public_network_access_enabled": false})
}

test_unknown if {
	testing.unknown(disk_public.warn) with input as testing.one("azurerm_managed_disk", {"public_network_access_enabled": testing.later})
}
