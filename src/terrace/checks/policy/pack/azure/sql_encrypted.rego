# METADATA
# title: A SQL database is not encrypted
# description: >-
#   Anyone who gets a backup can read it.
# related_resources:
#   - ref: https://learn.microsoft.com/azure/azure-sql/database/transparent-data-encryption-tde-overview
# custom:
#   id: azure-sql-encrypted
#   severity: high
#   family: database-encryption
#   types: [azurerm_mssql_database]
#   controls: [17k78e20-9358-41c9-923c-fb736d382a12]
#   remediation: >-
#     Remove transparent_data_encryption_enabled = false.
package terrace.azure.sql_encrypted

import rego.v1

import data.terrace.lib

deny contains lib.finding(rego.metadata.chain(), problem) if {
	some problem in lib.must_not({"azurerm_mssql_database"}, ["transparent_data_encryption_enabled"], {false})
}
