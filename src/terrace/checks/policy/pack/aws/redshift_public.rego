# METADATA
# title: A data warehouse has a public address
# description: >-
#   It contains copies of data that other systems protect.
# related_resources:
#   - ref: https://docs.aws.amazon.com/redshift/latest/mgmt/managing-clusters-vpc.html
# custom:
#   id: aws-redshift-public
#   severity: critical
#   family: public-database
#   types: [aws_redshift_cluster, aws_redshiftserverless_workgroup]
#   controls: [redshift_cluster_public_access]
#   remediation: >-
#     Set publicly_accessible = false.
package terrace.aws.redshift_public

import rego.v1

import data.terrace.lib

deny contains lib.finding(rego.metadata.chain(), problem) if some problem in lib.must({"aws_redshift_cluster", "aws_redshiftserverless_workgroup"}, ["publicly_accessible"], {false})
