# METADATA
# title: An app has no managed identity
# description: >-
#   It needs a password for every service that it uses, which has to be stored and rotated.
# related_resources:
#   - ref: https://learn.microsoft.com/azure/app-service/overview-managed-identity
# custom:
#   id: azure-app-identity
#   severity: low
#   family: identity
#   types:
#     - azurerm_linux_web_app
#     - azurerm_windows_web_app
#     - azurerm_linux_function_app
#     - azurerm_windows_function_app
#     - azurerm_app_service
#     - azurerm_function_app
#     - azurerm_linux_web_app_slot
#     - azurerm_windows_web_app_slot
#     - azurerm_linux_function_app_slot
#     - azurerm_windows_function_app_slot
#     - azurerm_app_service_slot
#   controls: [2b9ad585-36bc-4615-b300-fd4435808332]
#   remediation: >-
#     identity { type = "SystemAssigned" }
package terrace.azure.app_identity

import rego.v1

import data.terrace.lib
import data.terrace.lib.apps

warn contains lib.finding(rego.metadata.chain(), problem) if {
	some problem in lib.must_be_set(apps.all, ["identity"])
}
