package terrace.azure.key_vault_expiry_test

import rego.v1

import data.terrace.azure.key_vault_expiry
import data.terrace.testing

test_fires if {
	testing.fails(key_vault_expiry.warn) with input as testing.one("azurerm_key_vault_secret", {"name": "s"})
}

test_silent if {
	testing.silent(key_vault_expiry.warn) with input as testing.one("azurerm_key_vault_secret", {"expiration_date": "2027-01-01T00:00:00Z"})
}

test_unknown if {
	testing.unknown(key_vault_expiry.warn) with input as testing.one("azurerm_key_vault_secret", {"expiration_date": testing.later})
}
