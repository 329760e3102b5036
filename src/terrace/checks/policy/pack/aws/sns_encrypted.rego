# METADATA
# title: A topic is not encrypted
# description: >-
#   Messages are stored on disk until every subscriber has received them.
# related_resources:
#   - ref: https://docs.aws.amazon.com/sns/latest/dg/sns-server-side-encryption.html
# custom:
#   id: aws-sns-encrypted
#   severity: medium
#   family: queue-encryption
#   types: [aws_sns_topic]
#   controls: [sns_topics_kms_encryption_at_rest_enabled]
#   remediation: >-
#     Set kms_master_key_id, for example to "alias/aws/sns".
package terrace.aws.sns_encrypted

import rego.v1

import data.terrace.lib

warn contains lib.finding(rego.metadata.chain(), problem) if some problem in lib.must_be_set({"aws_sns_topic"}, ["kms_master_key_id"])
