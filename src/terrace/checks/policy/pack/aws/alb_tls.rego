# METADATA
# title: A load balancer accepts TLS older than 1.2
# description: >-
#   TLS 1.0 and 1.1 have known weaknesses, and no current client needs them.
# related_resources:
#   - ref: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/describe-ssl-policies.html
# custom:
#   id: aws-alb-tls
#   severity: high
#   family: tls-version
#   types: [aws_lb_listener, aws_alb_listener]
#   controls: [elbv2_insecure_ssl_ciphers]
#   remediation: >-
#     Set ssl_policy = "ELBSecurityPolicy-TLS13-1-2-2021-06".
package terrace.aws.alb_tls

import rego.v1

import data.terrace.lib

deny contains lib.finding(rego.metadata.chain(), problem) if some problem in problems(0)

problems(_) := {problem |
	some listener in lib.after_any({"aws_lb_listener", "aws_alb_listener"})
	lib.known(listener, ["protocol"]) in {"HTTPS", "TLS"}
	some problem in _judged(listener)
}

_judged(listener) := {lib.unsure(listener, ["ssl_policy"])} if {
	lib.look(listener, ["ssl_policy"]).is != "known"
} else := set() if {
	regex.match(`(TLS13-1-[23]|TLS-1-2|FS-1-2|TLS13-.*-PQ-)`, lib.known(listener, ["ssl_policy"]))
} else := {lib.broken(listener, sprintf("ssl_policy is %v", [lib.known(listener, ["ssl_policy"])]))}
