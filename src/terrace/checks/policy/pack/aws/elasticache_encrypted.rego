# METADATA
# title: A cache is not encrypted at rest
# description: >-
#   Its backups contain sessions and other cached data in clear text.
# related_resources:
#   - ref: https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/at-rest-encryption.html
# custom:
#   id: aws-elasticache-encrypted
#   severity: high
#   family: database-encryption
#   types: [aws_elasticache_replication_group]
#   controls: [elasticache_redis_cluster_rest_encryption_enabled]
#   remediation: >-
#     Set at_rest_encryption_enabled = true.
package terrace.aws.elasticache_encrypted

import rego.v1

import data.terrace.lib

deny contains lib.finding(rego.metadata.chain(), problem) if some problem in problems(0)

problems(_) := {problem |
	all := lib.must({"aws_elasticache_replication_group"}, ["at_rest_encryption_enabled"], {"true", true})
	some problem in lib.inheriting(all, ["at_rest_encryption_enabled"], ["global_replication_group_id"])
	not _by_default(problem.resource)
}

# Valkey is encrypted unless it is switched off.
_by_default(group) if {
	not lib.is_set(group, ["at_rest_encryption_enabled"])
	lib.known(group, ["engine"]) == "valkey"
}
