# METADATA
# title: An app accepts unencrypted requests
# description: >-
#   Passwords and cookies can be read on every network in between.
# related_resources:
#   - ref: https://learn.microsoft.com/azure/app-service/configure-ssl-bindings#enforce-https
# custom:
#   id: azure-app-https
#   severity: high
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
#   controls: [a4af4a39-4135-47fb-b175-47fbdf85311d]
#   remediation: >-
#     Set https_only = true.
package terrace.azure.app_https

import rego.v1

import data.terrace.lib
import data.terrace.lib.apps

deny contains lib.finding(rego.metadata.chain(), problem) if {
	some problem in lib.must(apps.all, ["https_only"], {true})
}
