# METADATA
# title: A SQL server has no directory administrator
# description: >-
#   Local passwords are shared, never expire, and have no second factor.
# related_resources:
#   - ref: https://learn.microsoft.com/azure/azure-sql/database/authentication-aad-overview
# custom:
#   id: azure-sql-admin
#   severity: medium
#   family: identity
#   types: [azurerm_mssql_server]
#   controls: [1f314764-cb73-4fc9-b863-8eca98ac36e9]
#   remediation: >-
#     Add an azuread_administrator block.
package terrace.azure.sql_admin

import rego.v1

import data.terrace.lib

warn contains lib.finding(rego.metadata.chain(), problem) if {
	some problem in lib.must_be_set({"azurerm_mssql_server"}, ["azuread_administrator"])
}
