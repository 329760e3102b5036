# METADATA
# title: A cache accepts unencrypted connections or old TLS
# description: >-
#   An attacker on the network path can read sessions.
# related_resources:
#   - ref: https://learn.microsoft.com/azure/azure-cache-for-redis/cache-remove-tls-10-11
# custom:
#   id: azure-redis-tls
#   severity: high
#   family: https-only
#   types: [azurerm_redis_cache]
#   controls: [22bee202-a82f-4305-9a2a-6d7f44d4dedb]
#   remediation: >-
#     Remove enable_non_ssl_port = true (non_ssl_port_enabled since azurerm 4), and set minimum_tls_version =
#     "1.2".
package terrace.azure.redis_tls

import rego.v1

import data.terrace.lib

deny contains lib.finding(rego.metadata.chain(), problem) if {
	some problem in lib.must_not({"azurerm_redis_cache"}, ["non_ssl_port_enabled"], {true})
}

deny contains lib.finding(rego.metadata.chain(), problem) if {
	some problem in lib.must_not({"azurerm_redis_cache"}, ["enable_non_ssl_port"], {true})
}

deny contains lib.finding(rego.metadata.chain(), problem) if {
	some problem in lib.must_not({"azurerm_redis_cache"}, ["minimum_tls_version"], {"1.0", "1.1"})
}
