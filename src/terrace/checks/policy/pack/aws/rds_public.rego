# METADATA
# title: A database has a public address
# description: >-
#   With a stolen password or a vulnerability of the engine, an attacker needs no access to the network first.
# related_resources:
#   - ref: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_VPC.WorkingWithRDSInstanceinaVPC.html
# custom:
#   id: aws-rds-public
#   severity: critical
#   family: public-database
#   types: [aws_db_instance, aws_rds_cluster_instance]
#   controls: [rds_instance_no_public_access]
#   remediation: >-
#     Set publicly_accessible = false, and reach the database from inside the VPC.
package terrace.aws.rds_public

import rego.v1

import data.terrace.lib

deny contains lib.finding(rego.metadata.chain(), problem) if some problem in lib.must({"aws_db_instance", "aws_rds_cluster_instance"}, ["publicly_accessible"], {false})
