package terrace.azure.app_tls_test

import rego.v1

import data.terrace.azure.app_tls
import data.terrace.testing

test_fires if {
	testing.fails(app_tls.warn) with input as testing.one("azurerm_linux_web_app", {"site_config": [{"minimum_tls_version": "1.0"}]})
}

test_silent if {
	testing.silent(app_tls.warn) with input as testing.one("azurerm_linux_web_app", {"site_config": [{"minimum_tls_version": "1.2"}]})
}

test_unknown if {
	testing.unknown(app_tls.warn) with input as testing.one("azurerm_linux_web_app", {"site_config": [{"minimum_tls_version": testing.later}]})
}

test_fires_2 if {
	testing.fails(app_tls.warn) with input as testing.one("azurerm_app_service", {"site_config": [{"min_tls_version": "1.1"}]})
}
