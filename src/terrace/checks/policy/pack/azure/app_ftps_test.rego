package terrace.azure.app_ftps_test

import rego.v1

import data.terrace.azure.app_ftps
import data.terrace.testing

test_fires if {
	testing.fails(app_ftps.warn) with input as testing.one("azurerm_linux_web_app", {"site_config": [{"ftps_state": "AllAllowed"}]})
}

test_silent if {
	testing.silent(app_ftps.warn) with input as testing.one("azurerm_linux_web_app", {"site_config": [{"ftps_state": "FtpsOnly"}]})
}

test_unknown if {
	testing.unknown(app_ftps.warn) with input as testing.one("azurerm_linux_web_app", {"site_config": [{"ftps_state": testing.later}]})
}
