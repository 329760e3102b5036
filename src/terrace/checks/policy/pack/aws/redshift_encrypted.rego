# METADATA
# title: A data warehouse is not encrypted
# description: >-
#   Anyone who gets a snapshot can read it.
# related_resources:
#   - ref: https://docs.aws.amazon.com/redshift/latest/mgmt/working-with-db-encryption.html
# custom:
#   id: aws-redshift-encrypted
#   severity: high
#   family: database-encryption
#   types: [aws_redshift_cluster]
#   controls: [redshift_cluster_encrypted_at_rest]
#   remediation: >-
#     Set encrypted = true.
package terrace.aws.redshift_encrypted

import rego.v1

import data.terrace.lib

deny contains lib.finding(rego.metadata.chain(), problem) if some problem in lib.must({"aws_redshift_cluster"}, ["encrypted"], {"true", true})
