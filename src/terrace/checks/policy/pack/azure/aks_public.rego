# METADATA
# title: A cluster's API is open to the internet
# description: >-
#   One leaked token or one vulnerability of the API server is enough to control the cluster.
# related_resources:
#   - ref: https://learn.microsoft.com/azure/aks/api-server-authorized-ip-ranges
# custom:
#   id: azure-aks-public
#   severity: high
#   family: cluster-public
#   types: [azurerm_kubernetes_cluster]
#   controls: [0e246bcf-5f6f-4f87-bc6f-775d4712c7ea]
#   remediation: >-
#     Set private_cluster_enabled = true, or api_server_access_profile { authorized_ip_ranges = [...] }.
package terrace.azure.aks_public

import rego.v1

import data.terrace.lib
import data.terrace.lib.network

deny contains lib.finding(rego.metadata.chain(), problem) if {
	some problem in _open(0)
}

_open(_) := {problem |
	some cluster in lib.after("azurerm_kubernetes_cluster")
	some problem in _judged(cluster)
}

_judged(cluster) := {lib.unsure(cluster, ["private_cluster_enabled"])} if {
	lib.look(cluster, ["private_cluster_enabled"]).is != "known"
} else := set() if {
	lib.known(cluster, ["private_cluster_enabled"]) == true
} else := {lib.unsure(cluster, _ranges) |
	true
} if {
	lib.look(cluster, _ranges).is != "known"
} else := {lib.broken(cluster, "it is not private, and every address may connect")} if {
	not _bounded(cluster)
} else := set()

_ranges := ["api_server_access_profile", 0, "authorized_ip_ranges"]

# The second is how azurerm before 4 has it.
_bounded(cluster) if {
	some path in [_ranges, ["api_server_authorized_ip_ranges"]]
	named := lib.listed(lib.known(cluster, path))
	count(named) > 0
	not network.open(named)
}
