# METADATA
# title: A table has no point-in-time recovery
# description: >-
#   With it, a bad deployment that writes wrong data can be undone for 35 days; it must be enabled before the
#   damage.
# related_resources:
#   - ref: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Point-in-time-recovery.html
# custom:
#   id: aws-dynamodb-recovery
#   severity: medium
#   family: backup
#   types: [aws_dynamodb_table]
#   controls: [dynamodb_tables_pitr_enabled]
#   remediation: >-
#     point_in_time_recovery { enabled = true }
package terrace.aws.dynamodb_recovery

import rego.v1

import data.terrace.lib

warn contains lib.finding(rego.metadata.chain(), problem) if some problem in lib.must({"aws_dynamodb_table"}, ["point_in_time_recovery", 0, "enabled"], {true})
