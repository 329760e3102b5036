# METADATA
# title: An app accepts uploads by FTP
# description: >-
#   The password and the code are transferred in clear text.
# related_resources:
#   - ref: https://learn.microsoft.com/azure/app-service/deploy-ftp#enforce-ftps
# custom:
#   id: azure-app-ftps
#   severity: medium
#   family: https-only
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
#   controls: [4d24b6d4-5e53-4a4f-a7f4-618fa573ee4b]
#   remediation: >-
#     site_config { ftps_state = "Disabled" }
package terrace.azure.app_ftps

import rego.v1

import data.terrace.lib
import data.terrace.lib.apps

warn contains lib.finding(rego.metadata.chain(), problem) if {
	some problem in lib.must_not(apps.all, ["site_config", "*", "ftps_state"], {"AllAllowed"})
}
