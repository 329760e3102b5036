package terrace.azure.vm_public_ip_test

import rego.v1

import data.terrace.azure.vm_public_ip
import data.terrace.testing

test_fires if {
	testing.fails(vm_public_ip.warn) with input as testing.one("azurerm_network_interface", {"ip_configuration": [{"public_ip_address_id": "/subscriptions/x"}]})
}

test_silent if {
	testing.silent(vm_public_ip.warn) with input as testing.one("azurerm_network_interface", {"ip_configuration": [{"name": "private"}]})
}

test_unknown if {
	testing.unknown(vm_public_ip.warn) with input as testing.one("azurerm_network_interface", {"ip_configuration": testing.later})
}

test_fires_2 if {
	testing.fails(vm_public_ip.warn) with input as testing.one("azurerm_network_interface", {"ip_configuration": [{"public_ip_address_id": testing.later}]})
}
