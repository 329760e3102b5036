# METADATA
# title: A load balancer passes malformed headers on
# description: >-
#   Front and back that read a request differently can be played off against each other (request smuggling).
# related_resources:
#   - ref: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/application-load-balancers.html
# custom:
#   id: aws-alb-headers
#   severity: medium
#   family: request-smuggling
#   types: [aws_lb, aws_alb]
#   controls: [elbv2_alb_drop_invalid_header_fields_enabled]
#   remediation: >-
#     Set drop_invalid_header_fields = true.
package terrace.aws.alb_headers

import rego.v1

import data.terrace.lib

warn contains lib.told(rego.metadata.chain(), problem) if some problem in problems(0)

problems(_) := {problem |
	some problem in lib.must({"aws_lb", "aws_alb"}, ["drop_invalid_header_fields"], {true})
	not lib.holds(problem.resource, ["load_balancer_type"], {"network", "gateway"})
}
