# METADATA
# title: A database's firewall allows far more than your addresses
# description: >-
#   0.0.0.0 to 0.0.0.0 allows every customer of Azure; a range from 0.0.0.0 allows everyone.
# related_resources:
#   - ref: https://learn.microsoft.com/azure/azure-sql/database/firewall-configure
# custom:
#   id: azure-database-firewall
#   severity: high
#   family: public-database
#   types:
#     - azurerm_mssql_firewall_rule
#     - azurerm_sql_firewall_rule
#     - azurerm_postgresql_firewall_rule
#     - azurerm_postgresql_flexible_server_firewall_rule
#     - azurerm_mysql_firewall_rule
#     - azurerm_mysql_flexible_server_firewall_rule
#   controls: []
#   remediation: >-
#     List the addresses, or use a private endpoint.
package terrace.azure.database_firewall

import rego.v1

import data.terrace.lib

deny contains lib.finding(rego.metadata.chain(), problem) if {
	some problem in _open(0)
}

_open(_) := {problem |
	some one in lib.after_any({
		"azurerm_mssql_firewall_rule", "azurerm_sql_firewall_rule", "azurerm_postgresql_firewall_rule",
		"azurerm_postgresql_flexible_server_firewall_rule", "azurerm_mysql_firewall_rule",
		"azurerm_mysql_flexible_server_firewall_rule",
	})
	some problem in _judged(one)
}

_judged(one) := {lib.unsure(one, [key]) | some key in _ends; lib.look(one, [key]).is != "known"} if {
	some key in _ends
	lib.look(one, [key]).is != "known"
} else := {lib.broken(one, sprintf("%s to %s", [one.after.start_ip_address, one.after.end_ip_address]))} if {
	_wide(one.after)
} else := set()

_ends := ["start_ip_address", "end_ip_address"]

_wide(after) if startswith(after.start_ip_address, "0.")

# More than a sixteenth of all addresses.
_wide(after) if _first(after.end_ip_address) - _first(after.start_ip_address) > 15

_first(address) := to_number(split(address, ".")[0])
