# METADATA
# title: A registry is open to every network
# description: >-
#   A leaked token is enough to read or replace every image.
# related_resources:
#   - ref: https://learn.microsoft.com/azure/container-registry/container-registry-private-link
# custom:
#   id: azure-acr-public
#   severity: medium
#   family: open-ingress
#   types: [azurerm_container_registry]
#   controls: [0fdf0491-d080-4575-b627-ad0e843cba0f]
#   remediation: >-
#     Set public_network_access_enabled = false (needs the SKU Premium).
package terrace.azure.acr_public

import rego.v1

import data.terrace.lib

warn contains lib.finding(rego.metadata.chain(), problem) if {
	some problem in lib.must({"azurerm_container_registry"}, ["public_network_access_enabled"], {false})
}
