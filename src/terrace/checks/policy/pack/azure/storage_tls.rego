# METADATA
# title: A storage account accepts TLS older than 1.2
# description: >-
#   TLS 1.0 and 1.1 have known weaknesses.
# related_resources:
#   - ref: https://learn.microsoft.com/azure/storage/common/transport-layer-security-configure-minimum-version
# custom:
#   id: azure-storage-tls
#   severity: medium
#   family: tls-version
#   types: [azurerm_storage_account, azapi_resource]
#   controls: [fe83a0eb-a853-422d-aac2-1bffd182c5d0]
#   remediation: >-
#     Set min_tls_version = "TLS1_2", or remove it.
package terrace.azure.storage_tls

import rego.v1

import data.terrace.lib
import data.terrace.lib.azapi

warn contains lib.finding(rego.metadata.chain(), problem) if {
	some problem in lib.must({"azurerm_storage_account"}, ["min_tls_version"], {"TLS1_2", "TLS1_3", null})
}

warn contains lib.finding(rego.metadata.chain(), problem) if {
	some problem in _azapi(0)
}

_azapi(_) := azapi.must("Microsoft.Storage/storageAccounts", ["properties", "minimumTlsVersion"], {"TLS1_2", "TLS1_3"})
