# METADATA
# title: A resource with data can be deleted by one call
# description: >-
#   With deletion protection, the service itself refuses a destroy in the wrong directory.
# related_resources:
#   - ref: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_DeleteInstance.html
# custom:
#   id: aws-deletion-protection
#   severity: high
#   family: deletion-protection
#   types: [aws_db_instance, aws_rds_cluster, aws_neptune_cluster, aws_docdb_cluster, aws_dynamodb_table]
#   controls:
#     - rds_instance_deletion_protection
#     - rds_cluster_deletion_protection
#     - neptune_cluster_deletion_protection
#     - documentdb_cluster_deletion_protection
#     - dynamodb_table_deletion_protection_enabled
#   remediation: >-
#     Set deletion_protection = true (deletion_protection_enabled of a DynamoDB table). Required in the
#     protected_environments of settings.yaml.
package terrace.aws.deletion_protection

import rego.v1

import data.terrace.lib

deny contains lib.finding(rego.metadata.chain(), problem) if {
	lib.protected
	some problem in lib.must({"aws_db_instance", "aws_rds_cluster", "aws_neptune_cluster", "aws_docdb_cluster"}, ["deletion_protection"], {true})
}

deny contains lib.finding(rego.metadata.chain(), problem) if {
	lib.protected
	some problem in lib.must({"aws_dynamodb_table"}, ["deletion_protection_enabled"], {true})
}
