# METADATA
# title: A registry has an administrator's password
# description: >-
#   It is shared, never ends, and names nobody.
# related_resources:
#   - ref: https://learn.microsoft.com/azure/container-registry/container-registry-authentication#admin-account
# custom:
#   id: azure-acr-admin
#   severity: medium
#   family: long-lived-credential
#   types: [azurerm_container_registry]
#   controls: [dc921057-6b28-4fbe-9b83-f7bec05db6c2]
#   remediation: >-
#     Take admin_enabled = true out; let identities pull by the role AcrPull.
package terrace.azure.acr_admin

import rego.v1

import data.terrace.lib

warn contains lib.told(rego.metadata.chain(), problem) if {
	some problem in lib.must_not({"azurerm_container_registry"}, ["admin_enabled"], {true})
}
