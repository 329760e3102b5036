package terrace.azure.storage_network_test

import rego.v1

import data.terrace.azure.storage_network
import data.terrace.testing

test_fires if {
	testing.fails(storage_network.deny) with input as testing.one("azurerm_storage_account", {"name": "s"})
}

test_fires_2 if {
	testing.fails(storage_network.deny) with input as testing.one("azurerm_storage_account", {"network_rules": [{"default_action": "Allow"}]})
}

test_fires_3 if {
	testing.fails(storage_network.deny) with input as testing.one("azurerm_storage_account_network_rules", {"default_action": "Allow"})
}

test_silent if {
	testing.silent(storage_network.deny) with input as testing.one("azurerm_storage_account", {"network_rules": [{"default_action": "Deny"}]})
}

test_silent_2 if {
	testing.silent(storage_network.deny) with input as testing.one("azurerm_storage_account", {"public_network_access_enabled": false})
}

test_silent_3 if {
	testing.silent(storage_network.deny) with input as testing.plan(testing.link([testing.resource("azurerm_storage_account", {"name": "s"}), testing.resource("azurerm_storage_account_network_rules", {"storage_account_id": testing.later, "default_action": "Deny"})], "azurerm_storage_account_network_rules.it", "azurerm_storage_account.it"))
}

test_unknown if {
	testing.unknown(storage_network.deny) with input as testing.one("azurerm_storage_account", {"network_rules": [{"default_action": testing.later}]})
}

test_unknown_2 if {
	testing.unknown(storage_network.deny) with input as testing.one("azurerm_storage_account", {"network_rules": testing.later})
}

test_silent_with_rules_of_another_resource if {
	account := testing.resource("azurerm_storage_account", {"network_rules": testing.unset})
	rules := testing.resource("azurerm_storage_account_network_rules", {"default_action": "Deny", "storage_account_id": testing.later})
	linked := testing.link([account, rules], "azurerm_storage_account_network_rules.it", "azurerm_storage_account.it")
	testing.silent(storage_network.deny) with input as testing.plan(linked)
}

test_fires_where_no_rules_are_set if {
	testing.fails(storage_network.deny) with input as testing.one("azurerm_storage_account", {"network_rules": testing.unset})
}

test_unknown_where_the_public_switch_is if {
	testing.unknown(storage_network.deny) with input as testing.one("azurerm_storage_account", {"network_rules": testing.later, "public_network_access_enabled": testing.later})
}
