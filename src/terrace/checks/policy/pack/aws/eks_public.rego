# METADATA
# title: A cluster's API is open to the internet
# description: >-
#   One leaked token or one vulnerability of the API server is enough to control the cluster.
# related_resources:
#   - ref: https://docs.aws.amazon.com/eks/latest/userguide/cluster-endpoint.html
# custom:
#   id: aws-eks-public
#   severity: high
#   family: cluster-public
#   types: [aws_eks_cluster]
#   controls: [eks_cluster_not_publicly_accessible]
#   remediation: >-
#     vpc_config { endpoint_public_access = false, endpoint_private_access = true }, or list the allowed ranges in
#     public_access_cidrs.
package terrace.aws.eks_public

import rego.v1

import data.terrace.lib
import data.terrace.lib.network

deny contains lib.finding(rego.metadata.chain(), problem) if {
	some problem in _broken(0)
}

_broken(_) := {problem |
	some cluster in lib.after("aws_eks_cluster")
	some problem in _judged(cluster)
}

_judged(cluster) := {lib.unsure(cluster, _switch)} if {
	lib.look(cluster, _switch).is != "known"
} else := set() if {
	lib.known(cluster, _switch) == false
} else := {lib.unsure(cluster, _blocks)} if {
	lib.look(cluster, _blocks).is != "known"
} else := {lib.broken(cluster, "endpoint_public_access is on, for every address")} if {
	network.open(_named(cluster))
}

_switch := ["vpc_config", 0, "endpoint_public_access"]

_blocks := ["vpc_config", 0, "public_access_cidrs"]

# Without any the cluster takes everybody.
_named(cluster) := ["0.0.0.0/0"] if {
	lib.known(cluster, _blocks) in {null, []}
} else := lib.known(cluster, _blocks)
