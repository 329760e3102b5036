# METADATA
# title: A messaging namespace accepts TLS older than 1.2
# description: >-
#   TLS 1.0 and 1.1 have known weaknesses.
# related_resources:
#   - ref: https://learn.microsoft.com/azure/service-bus-messaging/transport-layer-security-configure-minimum-version
# custom:
#   id: azure-messaging-tls
#   severity: medium
#   family: tls-version
#   types: [azurerm_servicebus_namespace, azurerm_eventhub_namespace]
#   controls: []
#   remediation: >-
#     Set minimum_tls_version = "1.2".
package terrace.azure.messaging_tls

import rego.v1

import data.terrace.lib

warn contains lib.finding(rego.metadata.chain(), problem) if {
	some problem in lib.must_not({"azurerm_servicebus_namespace", "azurerm_eventhub_namespace"}, ["minimum_tls_version"], {"1.0", "1.1"})
}
