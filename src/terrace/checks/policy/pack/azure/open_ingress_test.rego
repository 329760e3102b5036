package terrace.azure.open_ingress_test

import rego.v1

import data.terrace.azure.open_ingress
import data.terrace.testing

test_fires if {
	testing.fails(open_ingress.deny) with input as testing.one("azurerm_network_security_rule", {"access": "Allow", "direction": "Inbound", "protocol": "Tcp", "source_address_prefix": "*", "destination_port_range": "22"})
}

test_fires_2 if {
	testing.fails(open_ingress.deny) with input as testing.one("azurerm_network_security_rule", {"access": "Allow", "direction": "Inbound", "protocol": "Tcp", "source_address_prefix": "Internet", "destination_port_range": "20-30"})
}

test_fires_3 if {
	testing.fails(open_ingress.deny) with input as testing.one("azurerm_network_security_rule", {"access": "Allow", "direction": "Inbound", "protocol": "Tcp", "source_address_prefixes": ["10.0.0.0/8", "0.0.0.0/0"], "destination_port_ranges": ["443", "3389"]})
}

test_fires_4 if {
	testing.fails(open_ingress.deny) with input as testing.one("azurerm_network_security_rule", {"access": "allow", "direction": "inbound", "protocol": "*", "source_address_prefix": "internet", "destination_port_range": "*"})
}

test_fires_5 if {
	testing.fails(open_ingress.deny) with input as testing.one("azurerm_network_security_rule", {"access": "Allow", "direction": "Inbound", "protocol": "Tcp", "source_address_prefixes": ["0.0.0.0/1", "128.0.0.0/1"], "destination_port_range": "22"})
}

test_fires_6 if {
	testing.fails(open_ingress.deny) with input as testing.one("azurerm_network_security_group", {"security_rule": [{"access": "Allow", "direction": "Inbound", "protocol": "Tcp", "name": "ssh", "source_address_prefix": "*", "destination_port_range": "22"}]})
}

test_silent if {
	testing.silent(open_ingress.deny) with input as testing.one("azurerm_network_security_rule", {"access": "Allow", "direction": "Inbound", "protocol": "Tcp", "source_address_prefix": "*", "destination_port_range": "443"})
}

test_silent_2 if {
	testing.silent(open_ingress.deny) with input as testing.one("azurerm_network_security_rule", {"access": "Allow", "direction": "Inbound", "protocol": "Tcp", "source_address_prefix": "10.0.0.0/8", "destination_port_range": "*"})
}

test_silent_3 if {
	testing.silent(open_ingress.deny) with input as testing.one("azurerm_network_security_rule", {"access": "Deny", "direction": "Inbound", "source_address_prefix": "*", "destination_port_range": "*"})
}

test_silent_4 if {
	testing.silent(open_ingress.deny) with input as testing.one("azurerm_network_security_rule", {"access": "Allow", "direction": "Outbound", "source_address_prefix": "*", "destination_port_range": "*"})
}

test_unknown if {
	testing.unknown(open_ingress.deny) with input as testing.one("azurerm_network_security_rule", {"access": "Allow", "direction": "Inbound", "protocol": "Tcp", "source_address_prefix": testing.later, "destination_port_range": "22"})
}

test_unknown_2 if {
	testing.unknown(open_ingress.deny) with input as testing.one("azurerm_network_security_rule", {"access": "Allow", "direction": "Inbound", "protocol": "Tcp", "source_address_prefix": "*", "destination_port_range": testing.later})
}

test_unknown_3 if {
	testing.unknown(open_ingress.deny) with input as testing.one("azurerm_network_security_group", {"security_rule": testing.later})
}

test_silent_without_rules_of_its_own if {
	testing.silent(open_ingress.deny) with input as testing.one("azurerm_network_security_group", {"security_rule": testing.unset})
}
