package terrace.azure.key_vault_network_test

import rego.v1

import data.terrace.azure.key_vault_network
import data.terrace.testing

test_fires if {
	testing.fails(key_vault_network.deny) with input as testing.one("azurerm_key_vault", {"name": "v"})
}

test_fires_2 if {
	testing.fails(key_vault_network.deny) with input as testing.one("azurerm_key_vault", {"network_acls": [{"default_action": "Allow"}]})
}

test_silent if {
	testing.silent(key_vault_network.deny) with input as testing.one("azurerm_key_vault", {"network_acls": [{"default_action": "Deny"}]})
}

test_silent_2 if {
	testing.silent(key_vault_network.deny) with input as testing.one("azurerm_key_vault", {"public_network_access_enabled": false})
}

test_unknown if {
	testing.unknown(key_vault_network.deny) with input as testing.one("azurerm_key_vault", {"network_acls": [{"default_action": testing.later}]})
}
