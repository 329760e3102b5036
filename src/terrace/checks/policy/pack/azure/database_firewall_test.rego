package terrace.azure.database_firewall_test

import rego.v1

import data.terrace.azure.database_firewall
import data.terrace.testing

test_fires if {
	testing.fails(database_firewall.deny) with input as testing.one("azurerm_mssql_firewall_rule", {"start_ip_address": "0.0.0.0", "end_ip_address": "255.255.255.255"})
}

test_fires_2 if {
	testing.fails(database_firewall.deny) with input as testing.one("azurerm_mssql_firewall_rule", {"start_ip_address": "0.0.0.0", "end_ip_address": "0.0.0.0"})
}

test_fires_3 if {
	testing.fails(database_firewall.deny) with input as testing.one("azurerm_mssql_firewall_rule", {"start_ip_address": "1.0.0.0", "end_ip_address": "255.255.255.255"})
}

test_silent if {
	testing.silent(database_firewall.deny) with input as testing.one("azurerm_mssql_firewall_rule", {"start_ip_address": "192.0.2.1", "end_ip_address": "192.0.2.9"})
}

test_unknown if {
	testing.unknown(database_firewall.deny) with input as testing.one("azurerm_mssql_firewall_rule", {"start_ip_address": testing.later, "end_ip_address": "192.0.2.9"})
}
