# METADATA
# title: A registry has an administrator password
# description: >-
#   It is shared, never expires, and identifies no person.
# related_resources:
#   - ref: https://learn.microsoft.com/azure/container-registry/container-registry-authentication#admin-account
# custom:
#   id: azure-acr-admin
#   severity: medium
#   family: long-lived-credential
#   types: [azurerm_container_registry]
#   controls: [dc921057-6b28-4fbe-9b83-f7bec05db6c2]
#   remediation: >-
#     Remove admin_enabled = true; let identities pull with the role AcrPull.
package terrace.azure.acr_admin

import rego.v1

import data.terrace.lib

warn contains lib.finding(rego.metadata.chain(), problem) if {
	some problem in lib.must_not({"azurerm_container_registry"}, ["admin_enabled"], {true})
}
