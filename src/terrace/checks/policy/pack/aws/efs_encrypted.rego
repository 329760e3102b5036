# METADATA
# title: A file system is not encrypted
# description: >-
#   Encryption cannot be enabled later: the files have to be copied to a new file system.
# related_resources:
#   - ref: https://docs.aws.amazon.com/efs/latest/ug/encryption-at-rest.html
# custom:
#   id: aws-efs-encrypted
#   severity: high
#   family: storage-encryption
#   types: [aws_efs_file_system]
#   controls: [efs_encryption_at_rest_enabled]
#   remediation: >-
#     Set encrypted = true.
package terrace.aws.efs_encrypted

import rego.v1

import data.terrace.lib

deny contains lib.finding(rego.metadata.chain(), problem) if some problem in lib.must({"aws_efs_file_system"}, ["encrypted"], {true})
