package terrace.azure.vm_password_test

import rego.v1

import data.terrace.azure.vm_password
import data.terrace.testing

test_fires if {
	testing.fails(vm_password.deny) with input as testing.one("azurerm_linux_virtual_machine", {"disable_password_authentication": false})
}

test_silent if {
	testing.silent(vm_password.deny) with input as testing.one("azurerm_linux_virtual_machine", {"disable_password_authentication": true})
}

test_unknown if {
	testing.unknown(vm_password.deny) with input as testing.one("azurerm_linux_virtual_machine", {"disable_password_authentication": testing.later})
}
