# METADATA
# title: An audit trail covers one region only
# description: >-
#   An attacker with stolen credentials can use a region without an audit trail.
# related_resources:
#   - ref: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/receive-cloudtrail-log-files-from-multiple-regions.html
# custom:
#   id: aws-cloudtrail-regions
#   severity: high
#   family: logging
#   types: [aws_cloudtrail]
#   controls: [cloudtrail_multi_region_enabled]
#   remediation: >-
#     Set is_multi_region_trail = true.
package terrace.aws.cloudtrail_regions

import rego.v1

import data.terrace.lib

deny contains lib.finding(rego.metadata.chain(), problem) if some problem in lib.must({"aws_cloudtrail"}, ["is_multi_region_trail"], {true})
