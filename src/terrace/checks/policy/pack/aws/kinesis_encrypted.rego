# METADATA
# title: A stream is not encrypted
# description: >-
#   Records are stored on disk for a day or more.
# related_resources:
#   - ref: https://docs.aws.amazon.com/streams/latest/dg/server-side-encryption.html
# custom:
#   id: aws-kinesis-encrypted
#   severity: medium
#   family: queue-encryption
#   types: [aws_kinesis_stream]
#   controls: [kinesis_stream_encrypted_at_rest]
#   remediation: >-
#     Set encryption_type = "KMS" and kms_key_id.
package terrace.aws.kinesis_encrypted

import rego.v1

import data.terrace.lib

warn contains lib.finding(rego.metadata.chain(), problem) if some problem in lib.must({"aws_kinesis_stream"}, ["encryption_type"], {"KMS"})
