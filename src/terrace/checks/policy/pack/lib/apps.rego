# METADATA
# title: The many types of an app of Azure
package terrace.lib.apps

import rego.v1

all := {
	"azurerm_linux_web_app", "azurerm_windows_web_app", "azurerm_linux_function_app", "azurerm_windows_function_app",
	"azurerm_app_service", "azurerm_function_app", "azurerm_linux_web_app_slot", "azurerm_windows_web_app_slot",
	"azurerm_linux_function_app_slot", "azurerm_windows_function_app_slot", "azurerm_app_service_slot",
}
