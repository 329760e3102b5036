# METADATA
# title: The default VPC is used
# description: >-
#   All its subnets are public, and every account has the same one, so it is unclear which resources belong in it.
# related_resources:
#   - ref: https://docs.aws.amazon.com/vpc/latest/userguide/default-vpc.html
# custom:
#   id: aws-default-vpc
#   severity: low
#   family: default-network
#   types: [aws_default_vpc, aws_default_subnet]
#   controls: []
#   remediation: >-
#     Create a separate VPC (aws_vpc), and leave the default one empty.
package terrace.aws.default_vpc

import rego.v1

import data.terrace.lib

warn contains lib.finding(rego.metadata.chain(), problem) if some problem in problems(0)

problems(_) := {lib.broken(resource, sprintf("%s adopts it", [resource.type])) |
	some resource in lib.after_any({"aws_default_vpc", "aws_default_subnet"})
}
