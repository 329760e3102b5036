# METADATA
# title: A message broker has a public address
# description: >-
#   Anyone who finds a password can read and write every message.
# related_resources:
#   - ref: https://docs.aws.amazon.com/amazon-mq/latest/developer-guide/using-amazon-mq-securely.html
# custom:
#   id: aws-mq-public
#   severity: high
#   family: public-database
#   types: [aws_mq_broker, aws_dms_replication_instance]
#   controls: [mq_broker_not_publicly_accessible, dms_instance_no_public_access]
#   remediation: >-
#     Set publicly_accessible = false.
package terrace.aws.mq_public

import rego.v1

import data.terrace.lib

deny contains lib.finding(rego.metadata.chain(), problem) if some problem in lib.must({"aws_mq_broker", "aws_dms_replication_instance"}, ["publicly_accessible"], {false})
