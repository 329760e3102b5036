# METADATA
# title: A cache accepts connections without TLS
# description: >-
#   An attacker on the network path can read sessions.
# related_resources:
#   - ref: https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/in-transit-encryption.html
# custom:
#   id: aws-elasticache-tls
#   severity: high
#   family: https-only
#   types: [aws_elasticache_replication_group]
#   controls: [elasticache_redis_cluster_in_transit_encryption_enabled]
#   remediation: >-
#     Set transit_encryption_enabled = true.
package terrace.aws.elasticache_tls

import rego.v1

import data.terrace.lib

deny contains lib.finding(rego.metadata.chain(), problem) if {
	all := lib.must({"aws_elasticache_replication_group"}, ["transit_encryption_enabled"], {true})
	some problem in lib.inheriting(all, ["transit_encryption_enabled"], ["global_replication_group_id"])
}
