# METADATA
# title: A bucket is not encrypted with your own key
# description: >-
#   The default key of S3 decrypts for everyone who can read the bucket; a KMS key has its own policy and log.
# related_resources:
#   - ref: https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html
# custom:
#   id: aws-s3-encrypted
#   severity: medium
#   family: storage-encryption
#   types: [aws_s3_bucket, aws_s3_bucket_server_side_encryption_configuration]
#   controls: [s3_bucket_kms_encryption, s3_bucket_default_encryption]
#   remediation: >-
#     Add an aws_s3_bucket_server_side_encryption_configuration for it, with sse_algorithm = "aws:kms".
package terrace.aws.s3_encrypted

import rego.v1

import data.terrace.lib

warn contains lib.finding(rego.metadata.chain(), problem) if {
	some problem in _lacking(0)
}

warn contains lib.finding(rego.metadata.chain(), problem) if {
	some problem in lib.must({"aws_s3_bucket_server_side_encryption_configuration"}, ["rule", "*", "apply_server_side_encryption_by_default", 0, "sse_algorithm"], {"aws:kms", "aws:kms:dsse"})
}

_lacking(_) := {problem |
	some bucket in lib.after("aws_s3_bucket")
	not _inline(bucket)

	# Access logs are written with the keys of S3 only.
	not lib.takes_access_logs(bucket)
	some problem in lib.lacking(bucket, "aws_s3_bucket_server_side_encryption_configuration", "bucket")
}

# As it was written before version 4 of the provider.
_inline(bucket) if {
	some configuration in bucket.after.server_side_encryption_configuration
	some rule in configuration.rule
	some by_default in rule.apply_server_side_encryption_by_default
	startswith(by_default.sse_algorithm, "aws:kms")
}
