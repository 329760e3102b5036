# METADATA
# title: A deleted key is destroyed too soon
# description: >-
#   Data encrypted with it is lost with it; the waiting period is the only time to notice.
# related_resources:
#   - ref: https://docs.aws.amazon.com/kms/latest/developerguide/deleting-keys.html
# custom:
#   id: aws-kms-deletion-window
#   severity: medium
#   family: deletion-protection
#   types: [aws_kms_key, aws_kms_external_key, aws_kms_replica_key]
#   controls: [kms_cmk_not_deleted_unintentionally]
#   remediation: >-
#     Remove deletion_window_in_days (30 days by default), or set it to at least least_key_deletion_days of
#     settings.yaml.
package terrace.aws.kms_deletion_window

import rego.v1

import data.terrace.lib

warn contains lib.finding(rego.metadata.chain(), problem) if some problem in lib.at_least({"aws_kms_key", "aws_kms_external_key", "aws_kms_replica_key"}, ["deletion_window_in_days"], lib.setting("least_key_deletion_days"), 30)
