# METADATA
# title: Outgoing traffic to every address is allowed
# description: >-
#   An attacker inside can send data to any server and download tools.
# related_resources:
#   - ref: https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html
# custom:
#   id: aws-open-egress
#   severity: low
#   family: open-egress
#   types: [aws_security_group, aws_security_group_rule, aws_vpc_security_group_egress_rule]
#   controls: []
#   remediation: >-
#     List the required ports and addresses, or reach services through VPC endpoints.
package terrace.aws.open_egress

import rego.v1

import data.terrace.lib
import data.terrace.lib.network

warn contains lib.finding(rego.metadata.chain(), problem) if {
	some problem in _inline(0)
}

warn contains lib.finding(rego.metadata.chain(), problem) if {
	some problem in _rules(0)
}

warn contains lib.finding(rego.metadata.chain(), problem) if {
	some problem in _single(0)
}

_inline(_) := {problem |
	some group in lib.after("aws_security_group")
	some path in lib.places(group, ["egress", "*"])
	some problem in _judged(group, path, object.get(group.after, path, {}))
}

_rules(_) := {problem |
	some one in lib.after("aws_security_group_rule")
	one.after.type == "egress"
	some problem in _judged(one, [], one.after)
}

_single(_) := {problem |
	some one in lib.after("aws_vpc_security_group_egress_rule")
	some problem in _judged(one, [], one.after)
}

_judged(resource, path, block) := {lib.unsure(resource, path)} if {
	network.hidden(block)
} else := {lib.broken(resource, "every port of every address") |
	object.get(block, "protocol", object.get(block, "ip_protocol", "")) == "-1"
	some key in {"cidr_blocks", "ipv6_cidr_blocks", "cidr_ipv4", "cidr_ipv6"}
	network.open(object.get(block, key, []))
}
