# METADATA
# title: A database has a public address
# description: >-
#   With a stolen password or a vulnerability of the engine, an attacker needs no access to the network first.
# related_resources:
#   - ref: https://learn.microsoft.com/azure/azure-sql/database/connectivity-settings
# custom:
#   id: azure-database-public
#   severity: critical
#   family: public-database
#   types:
#     - azurerm_mssql_server
#     - azurerm_postgresql_server
#     - azurerm_mysql_server
#     - azurerm_mariadb_server
#     - azurerm_cosmosdb_account
#   controls: [1b8ca024-1d5c-4dec-8995-b1a932b41780, b52376f7-9612-48a1-81cd-1ffe4b61032c]
#   remediation: >-
#     Set public_network_access_enabled = false, and add a private endpoint.
package terrace.azure.database_public

import rego.v1

import data.terrace.lib

deny contains lib.finding(rego.metadata.chain(), problem) if {
	some problem in lib.must({"azurerm_mssql_server", "azurerm_postgresql_server", "azurerm_mysql_server", "azurerm_mariadb_server", "azurerm_cosmosdb_account"}, ["public_network_access_enabled"], {false})
}
