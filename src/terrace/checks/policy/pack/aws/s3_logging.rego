# METADATA
# title: A bucket has no access log
# description: >-
#   After a leak, it is unknown which objects were read.
# related_resources:
#   - ref: https://docs.aws.amazon.com/AmazonS3/latest/userguide/ServerLogs.html
# custom:
#   id: aws-s3-logging
#   severity: low
#   family: logging
#   types: [aws_s3_bucket, aws_s3_bucket_logging]
#   controls: [s3_bucket_server_access_logging_enabled]
#   remediation: >-
#     Add an aws_s3_bucket_logging for it; buckets that receive logs are exempt.
package terrace.aws.s3_logging

import rego.v1

import data.terrace.lib

warn contains lib.finding(rego.metadata.chain(), problem) if {
	some problem in _lacking(0)
}

_lacking(_) := {problem |
	some bucket in lib.after("aws_s3_bucket")
	not _inline(bucket)
	not lib.takes_access_logs(bucket)
	some problem in lib.lacking(bucket, "aws_s3_bucket_logging", "bucket")
}

_inline(bucket) if {
	some logging in bucket.after.logging
	logging.target_bucket
}

# One that is itself the target of logs would log its own logging.
