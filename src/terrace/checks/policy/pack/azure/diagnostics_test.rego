package terrace.azure.diagnostics_test

import rego.v1

import data.terrace.azure.diagnostics
import data.terrace.testing

test_fires if {
	testing.fails(diagnostics.warn) with input as testing.one("azurerm_key_vault", {"name": "v"})
}

test_silent if {
	testing.silent(diagnostics.warn) with input as testing.plan(testing.link([testing.resource("azurerm_key_vault", {"name": "v"}), testing.resource("azurerm_monitor_diagnostic_setting", {"target_resource_id": testing.later})], "azurerm_monitor_diagnostic_setting.it", "azurerm_key_vault.it"))
}

test_unknown if {
	testing.unknown(diagnostics.warn) with input as testing.plan([testing.resource("azurerm_key_vault", {"name": "v"}), testing.resource("azurerm_monitor_diagnostic_setting", {"target_resource_id": testing.later})])
}
