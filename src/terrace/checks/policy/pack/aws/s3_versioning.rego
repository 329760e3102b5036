# METADATA
# title: A bucket has no versioning
# description: >-
#   Objects that are deleted or overwritten, by mistake or for ransom, are lost.
# related_resources:
#   - ref: https://docs.aws.amazon.com/AmazonS3/latest/userguide/Versioning.html
# custom:
#   id: aws-s3-versioning
#   severity: medium
#   family: versioning
#   types: [aws_s3_bucket, aws_s3_bucket_versioning]
#   controls: [s3_bucket_object_versioning]
#   remediation: >-
#     Add an aws_s3_bucket_versioning for it, with status = "Enabled".
package terrace.aws.s3_versioning

import rego.v1

import data.terrace.lib

warn contains lib.finding(rego.metadata.chain(), problem) if {
	some problem in _lacking(0)
}

warn contains lib.finding(rego.metadata.chain(), problem) if {
	some problem in lib.must({"aws_s3_bucket_versioning"}, ["versioning_configuration", 0, "status"], {"Enabled"})
}

_lacking(_) := {problem |
	some bucket in lib.after("aws_s3_bucket")
	not _inline(bucket)
	some problem in lib.lacking(bucket, "aws_s3_bucket_versioning", "bucket")
}

# As it was written before version 4 of the provider.
_inline(bucket) if {
	some versioning in bucket.after.versioning
	versioning.enabled == true
}
