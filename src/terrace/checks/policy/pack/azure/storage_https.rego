# METADATA
# title: A storage account accepts unencrypted requests
# description: >-
#   Keys and data can be read on every network in between.
# related_resources:
#   - ref: https://learn.microsoft.com/azure/storage/common/storage-require-secure-transfer
# custom:
#   id: azure-storage-https
#   severity: high
#   family: https-only
#   types: [azurerm_storage_account, azapi_resource]
#   controls: [404c3081-a854-4457-ae30-26a93ef643f9]
#   remediation: >-
#     Set https_traffic_only_enabled = true (enable_https_traffic_only before azurerm 4), or remove it.
package terrace.azure.storage_https

import rego.v1

import data.terrace.lib
import data.terrace.lib.azapi

deny contains lib.finding(rego.metadata.chain(), problem) if {
	some problem in _accounts(0)
}

deny contains lib.finding(rego.metadata.chain(), problem) if {
	some problem in _azapi(0)
}

_accounts(_) := {problem |
	some account in lib.after("azurerm_storage_account")
	problem := lib.judge_named(account, ["https_traffic_only_enabled", "enable_https_traffic_only"], {true}, true)
}

_azapi(_) := azapi.must("Microsoft.Storage/storageAccounts", ["properties", "supportsHttpsTrafficOnly"], {true, null})
