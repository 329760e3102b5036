# METADATA
# title: A cache is not encrypted at rest
# description: >-
#   Its backups hold sessions and whatever else was cached, in clear.
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

deny contains lib.told(rego.metadata.chain(), problem) if some problem in lib.must({"aws_elasticache_replication_group"}, ["at_rest_encryption_enabled"], {"true", true})
