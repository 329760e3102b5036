# METADATA
# title: A database is not encrypted at rest
# description: >-
#   Anyone who gets a snapshot or disk can read it, and encryption cannot be enabled later without a copy.
# related_resources:
#   - ref: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Overview.Encryption.html
# custom:
#   id: aws-rds-encrypted
#   severity: high
#   family: database-encryption
#   types: [aws_db_instance, aws_rds_cluster, aws_neptune_cluster, aws_docdb_cluster]
#   controls:
#     - rds_instance_storage_encrypted
#     - rds_cluster_storage_encrypted
#     - neptune_cluster_storage_encrypted
#     - documentdb_cluster_storage_encrypted
#   remediation: >-
#     Set storage_encrypted = true, with kms_key_id for your own key.
package terrace.aws.rds_encrypted

import rego.v1

import data.terrace.lib

deny contains lib.finding(rego.metadata.chain(), problem) if some problem in problems(0)

problems(_) := {problem |
	all := lib.must({"aws_db_instance", "aws_rds_cluster", "aws_neptune_cluster", "aws_docdb_cluster"}, ["storage_encrypted"], {true})
	some problem in lib.inheriting(all, ["storage_encrypted"], ["replicate_source_db", "snapshot_identifier", "replication_source_identifier", "global_cluster_identifier"])

	# Aurora Serverless v1 is always encrypted.
	not lib.holds(problem.resource, ["engine_mode"], {"serverless"})
}
