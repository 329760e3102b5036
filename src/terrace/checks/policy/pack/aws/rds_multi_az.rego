# METADATA
# title: A database runs in one availability zone
# description: >-
#   If the zone fails, the database is down; with a standby in a second zone it fails over within a minute.
# related_resources:
#   - ref: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Concepts.MultiAZ.html
# custom:
#   id: aws-rds-multi-az
#   severity: medium
#   family: availability
#   types: [aws_db_instance]
#   controls: [rds_instance_multi_az]
#   remediation: >-
#     Set multi_az = true. Required in the protected_environments of settings.yaml.
package terrace.aws.rds_multi_az

import rego.v1

import data.terrace.lib

warn contains lib.finding(rego.metadata.chain(), problem) if {
	lib.protected
	some problem in lib.must({"aws_db_instance"}, ["multi_az"], {true})
}
