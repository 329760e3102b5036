package terrace.azure.sql_admin_test

import rego.v1

import data.terrace.azure.sql_admin
import data.terrace.testing

test_fires if {
	testing.fails(sql_admin.warn) with input as testing.one("azurerm_mssql_server", {"azuread_administrator": []})
}

test_silent if {
	testing.silent(sql_admin.warn) with input as testing.one("azurerm_mssql_server", {"azuread_administrator": [{"login_username": "dba"}]})
}

test_unknown if {
	testing.unknown(sql_admin.warn) with input as testing.one("azurerm_mssql_server", {"azuread_administrator": testing.later})
}
