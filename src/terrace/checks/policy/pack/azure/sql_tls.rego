# METADATA
# title: A SQL server accepts TLS older than 1.2
# description: >-
#   TLS 1.0 and 1.1 have known weaknesses.
# related_resources:
#   - ref: https://learn.microsoft.com/azure/azure-sql/database/connectivity-settings
# custom:
#   id: azure-sql-tls
#   severity: medium
#   family: tls-version
#   types: [azurerm_mssql_server]
#   controls: [32e6bbec-16b6-44c2-be37-c5b672d103cf]
#   remediation: >-
#     Set minimum_tls_version = "1.2", or remove it.
package terrace.azure.sql_tls

import rego.v1

import data.terrace.lib

warn contains lib.finding(rego.metadata.chain(), problem) if {
	some problem in lib.must({"azurerm_mssql_server"}, ["minimum_tls_version"], {"1.2", "1.3", null})
}
