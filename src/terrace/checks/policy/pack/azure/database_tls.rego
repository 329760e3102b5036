# METADATA
# title: A database accepts unencrypted connections
# description: >-
#   Passwords and rows can be read on every network in between.
# related_resources:
#   - ref: https://learn.microsoft.com/azure/postgresql/flexible-server/security-tls
# custom:
#   id: azure-database-tls
#   severity: high
#   family: https-only
#   types:
#     - azurerm_postgresql_server
#     - azurerm_mysql_server
#     - azurerm_mariadb_server
#     - azurerm_postgresql_flexible_server_configuration
#     - azurerm_mysql_flexible_server_configuration
#   controls: [d158790f-bfb0-486c-8631-2dc6b4e8e6af, e802a67a-daf5-4436-9ea6-f6d821dd0c5d]
#   remediation: >-
#     Set ssl_enforcement_enabled = true; for a flexible server leave require_secure_transport ON.
package terrace.azure.database_tls

import rego.v1

import data.terrace.lib

deny contains lib.finding(rego.metadata.chain(), problem) if {
	some problem in lib.must({"azurerm_postgresql_server", "azurerm_mysql_server", "azurerm_mariadb_server"}, ["ssl_enforcement_enabled"], {true})
}

deny contains lib.finding(rego.metadata.chain(), problem) if {
	some problem in _switched_off(0)
}

_switched_off(_) := {problem |
	some problem in lib.must_not(
		{"azurerm_postgresql_flexible_server_configuration", "azurerm_mysql_flexible_server_configuration"},
		["value"], {"off", "OFF", "Off"},
	)
	problem.resource.after.name == "require_secure_transport"
}
