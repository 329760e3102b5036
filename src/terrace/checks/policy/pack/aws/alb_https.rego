# METADATA
# title: A load balancer accepts unencrypted requests
# description: >-
#   Passwords and cookies can be read on every network in between.
# related_resources:
#   - ref: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/create-https-listener.html
# custom:
#   id: aws-alb-https
#   severity: high
#   family: https-only
#   types: [aws_lb_listener, aws_alb_listener]
#   controls: [elbv2_ssl_listeners]
#   remediation: >-
#     Set protocol = "HTTPS" with a certificate, or let the default action redirect to HTTPS.
package terrace.aws.alb_https

import rego.v1

import data.terrace.lib

deny contains lib.finding(rego.metadata.chain(), problem) if some problem in problems(0)

problems(_) := {problem |
	some problem in lib.must_not({"aws_lb_listener", "aws_alb_listener"}, ["protocol"], {"HTTP"})
	not _redirects(problem.resource)
	not _of_gateway(problem.resource)
}

# Listeners of gateway load balancers have neither a protocol nor a port.
_of_gateway(resource) if {
	not lib.is_set(resource, ["protocol"])
	not lib.is_set(resource, ["port"])
}

_redirects(resource) if {
	some action in resource.after.default_action
	action.type == "redirect"
	some redirect in action.redirect
	redirect.protocol == "HTTPS"
}
