# METADATA
# title: A queue is not encrypted
# description: >-
#   Messages often contain data that is encrypted in the database.
# related_resources:
#   - ref: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-server-side-encryption.html
# custom:
#   id: aws-sqs-encrypted
#   severity: high
#   family: queue-encryption
#   types: [aws_sqs_queue]
#   controls: [sqs_queues_server_side_encryption_enabled]
#   remediation: >-
#     Set sqs_managed_sse_enabled = true, or kms_master_key_id.
package terrace.aws.sqs_encrypted

import rego.v1

import data.terrace.lib

deny contains lib.finding(rego.metadata.chain(), problem) if some problem in problems(0)

problems(_) := {problem |
	some problem in lib.must({"aws_sqs_queue"}, ["sqs_managed_sse_enabled"], {true})
	not _has_key(problem.resource)
}

_has_key(resource) if not lib.holds(resource, ["kms_master_key_id"], {null, ""})
