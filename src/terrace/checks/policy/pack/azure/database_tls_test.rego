package terrace.azure.database_tls_test

import rego.v1

import data.terrace.azure.database_tls
import data.terrace.testing

test_fires if {
	testing.fails(database_tls.deny) with input as testing.one("azurerm_postgresql_server", {"ssl_enforcement_enabled": false})
}

test_silent if {
	testing.silent(database_tls.deny) with input as testing.one("azurerm_postgresql_server", {"ssl_enforcement_enabled": true})
}

test_unknown if {
	testing.unknown(database_tls.deny) with input as testing.one("azurerm_postgresql_server", {"ssl_enforcement_enabled": testing.later})
}

test_fires_2 if {
	testing.fails(database_tls.deny) with input as testing.one("azurerm_postgresql_flexible_server_configuration", {"name": "require_secure_transport", "value": "off"})
}

test_silent_2 if {
	testing.silent(database_tls.deny) with input as testing.one("azurerm_mysql_flexible_server_configuration", {"name": "require_secure_transport", "value": "ON"})
}

test_unknown_2 if {
	testing.unknown(database_tls.deny) with input as testing.one("azurerm_mysql_flexible_server_configuration", {"name": "require_secure_transport", "value": testing.later})
}
