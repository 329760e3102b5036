package terrace.azure.app_https_test

import rego.v1

import data.terrace.azure.app_https
import data.terrace.testing

test_fires if {
	testing.fails(app_https.deny) with input as testing.one("azurerm_linux_web_app", {"https_only": false})
}

test_silent if {
	testing.silent(app_https.deny) with input as testing.one("azurerm_linux_web_app", {"https_only": true})
}

test_unknown if {
	testing.unknown(app_https.deny) with input as testing.one("azurerm_linux_web_app", {"https_only": testing.later})
}

test_fires_2 if {
	testing.fails(app_https.deny) with input as testing.one("azurerm_app_service", {"name": "the provider's default"})
}

test_fires_3 if {
	testing.fails(app_https.deny) with input as testing.one("azurerm_linux_function_app_slot", {"https_only": false})
}
