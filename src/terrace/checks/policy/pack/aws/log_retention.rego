# METADATA
# title: A log group keeps logs forever
# description: >-
#   Logs that are never deleted cost money every month, and keep personal data longer than allowed.
# related_resources:
#   - ref: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/Working-with-log-groups-and-streams.html
# custom:
#   id: aws-log-retention
#   severity: low
#   family: logging
#   types: [aws_cloudwatch_log_group]
#   controls: [cloudwatch_log_group_retention_policy_specific_days_enabled]
#   remediation: >-
#     Set retention_in_days.
package terrace.aws.log_retention

import rego.v1

import data.terrace.lib

warn contains lib.finding(rego.metadata.chain(), problem) if some problem in lib.must_not({"aws_cloudwatch_log_group"}, ["retention_in_days"], {0, null})
