# METADATA
# title: A cluster has no audit log
# description: >-
#   Without it, actions in the cluster cannot be traced to a user.
# related_resources:
#   - ref: https://docs.aws.amazon.com/eks/latest/userguide/control-plane-logs.html
# custom:
#   id: aws-eks-logging
#   severity: medium
#   family: cluster-logging
#   types: [aws_eks_cluster]
#   controls: [eks_control_plane_logging_all_types_enabled]
#   remediation: >-
#     Set enabled_cluster_log_types = ["api", "audit", "authenticator"].
package terrace.aws.eks_logging

import rego.v1

import data.terrace.lib

warn contains lib.finding(rego.metadata.chain(), problem) if some problem in problems(0)

problems(_) := {problem |
	some cluster in lib.after("aws_eks_cluster")
	problem := _judged(cluster)
}

_judged(cluster) := lib.unsure(cluster, ["enabled_cluster_log_types"]) if {
	lib.look(cluster, ["enabled_cluster_log_types"]).is != "known"
} else := problem if {
	on := {kind | some kind in lib.listed(lib.known(cluster, ["enabled_cluster_log_types"]))}
	missing := {"api", "audit", "authenticator"} - on
	count(missing) > 0
	problem := lib.broken(cluster, sprintf("enabled_cluster_log_types lacks %s", [concat(", ", missing)]))
}
