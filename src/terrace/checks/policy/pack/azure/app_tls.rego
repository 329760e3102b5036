# METADATA
# title: An app accepts TLS older than 1.2
# description: >-
#   TLS 1.0 and 1.1 have known weaknesses, and no current browser needs them.
# related_resources:
#   - ref: https://learn.microsoft.com/azure/app-service/overview-tls
# custom:
#   id: azure-app-tls
#   severity: medium
#   family: tls-version
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
#   controls: [f0e6e85b-9b9f-4a4b-b67b-f730d42f1b0b]
#   remediation: >-
#     site_config { minimum_tls_version = "1.2" } (min_tls_version of the old types), or remove it.
package terrace.azure.app_tls

import rego.v1

import data.terrace.lib
import data.terrace.lib.apps

warn contains lib.finding(rego.metadata.chain(), problem) if {
	some problem in lib.must_not(apps.all, ["site_config", "*", "minimum_tls_version"], {"1.0", "1.1"})
}

warn contains lib.finding(rego.metadata.chain(), problem) if {
	some problem in lib.must_not(apps.all, ["site_config", "*", "min_tls_version"], {"1.0", "1.1"})
}
