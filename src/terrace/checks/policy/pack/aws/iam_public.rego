# METADATA
# title: A policy grants access to everyone
# description: >-
#   The resource is public, whatever the network allows.
# related_resources:
#   - ref: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
# custom:
#   id: aws-iam-public
#   severity: critical
#   family: iam-public
#   types:
#     - aws_s3_bucket_policy
#     - aws_sqs_queue_policy
#     - aws_sqs_queue
#     - aws_sns_topic_policy
#     - aws_kms_key
#     - aws_kms_key_policy
#     - aws_ecr_repository_policy
#     - aws_secretsmanager_secret_policy
#     - aws_efs_file_system_policy
#     - aws_lambda_permission
#   controls:
#     - s3_bucket_policy_public_write_access
#     - sqs_queues_not_publicly_accessible
#     - sns_topics_not_publicly_accessible
#     - kms_key_not_publicly_accessible
#     - ecr_repositories_not_publicly_accessible
#     - secretsmanager_not_publicly_accessible
#     - efs_not_publicly_accessible
#     - awslambda_function_not_publicly_accessible
#   remediation: >-
#     Set the accounts or roles as Principal, or restrict the statement with a condition such as
#     aws:PrincipalOrgID.
package terrace.aws.iam_public

import rego.v1

import data.terrace.lib
import data.terrace.lib.iam

deny contains lib.finding(rego.metadata.chain(), problem) if {
	some problem in _broken(0)
}

deny contains lib.finding(rego.metadata.chain(), problem) if {
	some problem in iam.unread(_types | {"aws_kms_key"}, ["policy"])
}

deny contains lib.finding(rego.metadata.chain(), problem) if {
	some problem in lib.must_not({"aws_lambda_permission"}, ["principal"], {"*"})
}

deny contains lib.finding(rego.metadata.chain(), problem) if {
	some problem in _doubtful(0)
}

_types := {
	"aws_s3_bucket_policy", "aws_sqs_queue_policy", "aws_sqs_queue", "aws_sns_topic_policy", "aws_kms_key_policy",
	"aws_ecr_repository_policy", "aws_secretsmanager_secret_policy", "aws_efs_file_system_policy",
}

# A key without a policy gets the usual one of its account, which nobody knows before.
_broken(_) := {lib.broken(one.resource, sprintf("%s allows every principal", [iam.name_of(statement)])) |
	some one in iam.documents(_types | {"aws_kms_key"}, ["policy"])
	some statement in iam.allowing(one.document)
	iam.anybody(statement)
}

_doubtful(_) := {iam.doubtful(one.resource, statement, "the principal") |
	some one in iam.documents(_types | {"aws_kms_key"}, ["policy"])
	some statement in iam.allowing(one.document)
	not iam.anybody(statement)
	iam.perhaps_anybody(statement)
}
