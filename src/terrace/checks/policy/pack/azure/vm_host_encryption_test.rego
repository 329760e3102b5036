package terrace.azure.vm_host_encryption_test

import rego.v1

import data.terrace.azure.vm_host_encryption
import data.terrace.testing

test_fires if {
	testing.fails(vm_host_encryption.warn) with input as testing.one("azurerm_linux_virtual_machine", {"encryption_at_host_enabled": false})
}

test_silent if {
	testing.silent(vm_host_encryption.warn) with input as testing.one("azurerm_linux_virtual_machine", {"encryption_at_host_enabled": true})
}

test_unknown if {
	testing.unknown(vm_host_encryption.warn) with input as testing.one("azurerm_linux_virtual_machine", {"encryption_at_host_enabled": testing.later})
}
