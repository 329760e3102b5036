# METADATA
# title: Changes to an audit log would not be detected
# description: >-
#   A log that can be altered without a trace is not evidence.
# related_resources:
#   - ref: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-validation-intro.html
# custom:
#   id: aws-cloudtrail-validation
#   severity: medium
#   family: logging
#   types: [aws_cloudtrail]
#   controls: [cloudtrail_log_file_validation_enabled]
#   remediation: >-
#     Set enable_log_file_validation = true.
package terrace.aws.cloudtrail_validation

import rego.v1

import data.terrace.lib

warn contains lib.finding(rego.metadata.chain(), problem) if some problem in lib.must({"aws_cloudtrail"}, ["enable_log_file_validation"], {true})
