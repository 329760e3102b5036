# METADATA
# title: A load balancer forwards malformed headers
# description: >-
#   If front end and back end parse a request differently, an attacker can exploit the difference (request
#   smuggling).
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

warn contains lib.finding(rego.metadata.chain(), problem) if some problem in problems(0)

problems(_) := {problem |
	some problem in lib.must({"aws_lb", "aws_alb"}, ["drop_invalid_header_fields"], {true})
	not lib.holds(problem.resource, ["load_balancer_type"], {"network", "gateway"})
}
