package terrace.azure.sql_tls_test

import rego.v1

import data.terrace.azure.sql_tls
import data.terrace.testing

test_fires if {
	testing.fails(sql_tls.warn) with input as testing.one("azurerm_mssql_server", {"minimum_tls_version": "1.0"})
}

test_silent if {
	testing.silent(sql_tls.warn) with input as testing.one("azurerm_mssql_server", {"minimum_tls_version": "1.2"})
}

test_unknown if {
	testing.unknown(sql_tls.warn) with input as testing.one("azurerm_mssql_server", {"minimum_tls_version": testing.later})
}
