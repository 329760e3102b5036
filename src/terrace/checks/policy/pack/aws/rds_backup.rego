# METADATA
# title: A database's backups are kept for too short a time
# description: >-
#   A mistake that is noticed after the backups have expired cannot be undone.
# related_resources:
#   - ref: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_WorkingWithAutomatedBackups.html
# custom:
#   id: aws-rds-backup
#   severity: medium
#   family: backup
#   types: [aws_db_instance, aws_rds_cluster, aws_neptune_cluster, aws_docdb_cluster]
#   controls: [rds_instance_backup_enabled, neptune_cluster_backup_enabled, documentdb_cluster_backup_enabled]
#   remediation: >-
#     Set backup_retention_period to at least least_backup_days of settings.yaml.
package terrace.aws.rds_backup

import rego.v1

import data.terrace.lib

warn contains lib.finding(rego.metadata.chain(), problem) if some problem in lib.at_least({"aws_db_instance", "aws_rds_cluster", "aws_neptune_cluster", "aws_docdb_cluster"}, ["backup_retention_period"], lib.setting("least_backup_days"), 0)
