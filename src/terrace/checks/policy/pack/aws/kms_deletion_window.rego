# METADATA
# title: A key that is deleted is gone too soon
# description: >-
#   What it encrypted is lost with it; the days before are the only time to notice.
# related_resources:
#   - ref: https://docs.aws.amazon.com/kms/latest/developerguide/deleting-keys.html
# custom:
#   id: aws-kms-deletion-window
#   severity: medium
#   family: deletion-protection
#   types: [aws_kms_key, aws_kms_external_key, aws_kms_replica_key]
#   controls: [kms_cmk_not_deleted_unintentionally]
#   remediation: >-
#     Leave deletion_window_in_days out (30 days), or set it to at least what settings.yaml asks for
#     (least_key_deletion_days).
package terrace.aws.kms_deletion_window

import rego.v1

import data.terrace.lib

warn contains lib.told(rego.metadata.chain(), problem) if some problem in lib.at_least({"aws_kms_key", "aws_kms_external_key", "aws_kms_replica_key"}, ["deletion_window_in_days"], lib.setting("least_key_deletion_days"), 30)
