# METADATA
# title: A key vault has no access log
# description: >-
#   After a leak, it is unknown which secrets were read.
# related_resources:
#   - ref: https://learn.microsoft.com/azure/key-vault/general/logging
# custom:
#   id: azure-diagnostics
#   severity: medium
#   family: logging
#   types: [azurerm_key_vault, azurerm_monitor_diagnostic_setting]
#   controls: [cf820ca0-f99e-4f3e-84fb-66e913812d21]
#   remediation: >-
#     Add an azurerm_monitor_diagnostic_setting for it.
package terrace.azure.diagnostics

import rego.v1

import data.terrace.lib

warn contains lib.finding(rego.metadata.chain(), problem) if {
	some problem in _lacking(0)
}

_lacking(_) := {problem |
	some vault in lib.after("azurerm_key_vault")
	some problem in lib.lacking(vault, "azurerm_monitor_diagnostic_setting", "target_resource_id")
}
