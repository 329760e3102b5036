package terrace.azure.database_public_test

import rego.v1

import data.terrace.azure.database_public
import data.terrace.testing

test_fires if {
	testing.fails(database_public.deny) with input as testing.one("azurerm_mssql_server", {"public_network_access_enabled": true})
}

test_silent if {
	testing.silent(database_public.deny) with input as testing.one("azurerm_mssql_server", {"public_network_access_enabled": false})
}

test_unknown if {
	testing.unknown(database_public.deny) with input as testing.one("azurerm_mssql_server", {"public_network_access_enabled": testing.later})
}

test_fires_2 if {
	testing.fails(database_public.deny) with input as testing.one("azurerm_cosmosdb_account", {"name": "the provider's default"})
}
