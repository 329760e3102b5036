package terrace.azure.sql_encrypted_test

import rego.v1

import data.terrace.azure.sql_encrypted
import data.terrace.testing

test_fires if {
	testing.fails(sql_encrypted.deny) with input as testing.one("azurerm_mssql_database", {"transparent_data_encryption_enabled": false})
}

test_silent if {
	testing.silent(sql_encrypted.deny) with input as testing.one("azurerm_mssql_database", {"transparent_data_encryption_enabled": true})
}

test_unknown if {
	testing.unknown(sql_encrypted.deny) with input as testing.one("azurerm_mssql_database", {"transparent_data_encryption_enabled": testing.later})
}
