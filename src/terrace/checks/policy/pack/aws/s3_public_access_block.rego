# METADATA
# title: A bucket has no public access block
# description: >-
#   One mistaken ACL or policy makes it public; the block prevents that.
# related_resources:
#   - ref: https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html
# custom:
#   id: aws-s3-public-access-block
#   severity: high
#   family: public-storage
#   types: [aws_s3_bucket, aws_s3_bucket_public_access_block]
#   controls: [s3_bucket_level_public_access_block]
#   remediation: >-
#     Add an aws_s3_bucket_public_access_block for it, with all four attributes true.
package terrace.aws.s3_public_access_block

import rego.v1

import data.terrace.lib

deny contains lib.finding(rego.metadata.chain(), problem) if {
	some problem in _lacking(0)
}

deny contains lib.finding(rego.metadata.chain(), problem) if {
	some problem in _open(0)
}

_lacking(_) := {problem |
	some bucket in lib.after("aws_s3_bucket")
	some problem in lib.lacking(bucket, "aws_s3_bucket_public_access_block", "bucket")
}

_open(_) := {problem |
	some key in {"block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets"}
	some problem in lib.must({"aws_s3_bucket_public_access_block"}, [key], {true})
}
