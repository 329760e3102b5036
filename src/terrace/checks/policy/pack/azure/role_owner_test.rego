package terrace.azure.role_owner_test

import rego.v1

import data.terrace.azure.role_owner
import data.terrace.testing

test_fires if {
	testing.fails(role_owner.deny) with input as testing.one("azurerm_role_assignment", {"scope": "/subscriptions/1", "role_definition_name": "Owner"})
}

test_fires_2 if {
	testing.fails(role_owner.deny) with input as testing.one("azurerm_role_assignment", {"scope": "/providers/Microsoft.Management/managementGroups/x", "role_definition_name": "User Access Administrator"})
}

test_silent if {
	testing.silent(role_owner.deny) with input as testing.one("azurerm_role_assignment", {"scope": "/subscriptions/1", "role_definition_name": "Reader"})
}

test_silent_2 if {
	testing.silent(role_owner.deny) with input as testing.one("azurerm_role_assignment", {"scope": "/subscriptions/1/resourceGroups/a", "role_definition_name": "Owner"})
}

test_unknown if {
	testing.unknown(role_owner.deny) with input as testing.one("azurerm_role_assignment", {"scope": testing.later, "role_definition_name": "Owner"})
}

test_unknown_2 if {
	testing.unknown(role_owner.deny) with input as testing.one("azurerm_role_assignment", {"scope": "/subscriptions/1", "role_definition_name": testing.later})
}
