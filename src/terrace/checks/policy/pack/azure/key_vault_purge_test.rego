package terrace.azure.key_vault_purge_test

import rego.v1

import data.terrace.azure.key_vault_purge
import data.terrace.testing

test_fires if {
	testing.fails(key_vault_purge.deny) with input as testing.one("azurerm_key_vault", {"purge_protection_enabled": false})
}

test_silent if {
	testing.silent(key_vault_purge.deny) with input as testing.one("azurerm_key_vault", {"purge_protection_enabled": true})
}

test_unknown if {
	testing.unknown(key_vault_purge.deny) with input as testing.one("azurerm_key_vault", {"purge_protection_enabled": testing.later})
}
