package terrace.azure.app_identity_test

import rego.v1

import data.terrace.azure.app_identity
import data.terrace.testing

test_fires if {
	testing.fails(app_identity.warn) with input as testing.one("azurerm_linux_web_app", {"identity": []})
}

test_silent if {
	testing.silent(app_identity.warn) with input as testing.one("azurerm_linux_web_app", {"identity": [{"type": "SystemAssigned"}]})
}

test_unknown if {
	testing.unknown(app_identity.warn) with input as testing.one("azurerm_linux_web_app", {"identity": testing.later})
}
