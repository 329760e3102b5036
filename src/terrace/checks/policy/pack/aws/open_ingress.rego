# METADATA
# title: The whole internet can connect
# description: >-
#   Attackers probe every address within minutes; the service behind it must withstand all of them.
# related_resources:
#   - ref: https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html
# custom:
#   id: aws-open-ingress
#   severity: critical
#   family: open-ingress
#   types:
#     - aws_security_group
#     - aws_default_security_group
#     - aws_security_group_rule
#     - aws_vpc_security_group_ingress_rule
#   controls:
#     - ec2_securitygroup_allow_ingress_from_internet_to_any_port
#     - ec2_securitygroup_allow_ingress_from_internet_to_all_ports
#   remediation: >-
#     List the address ranges that need access. The ports that can be open (open_ports) are in settings.yaml.
package terrace.aws.open_ingress

import rego.v1

import data.terrace.lib
import data.terrace.lib.network

deny contains lib.finding(rego.metadata.chain(), problem) if {
	some problem in _inline(0)
}

deny contains lib.finding(rego.metadata.chain(), problem) if {
	some problem in _rules(0)
}

deny contains lib.finding(rego.metadata.chain(), problem) if {
	some problem in _single(0)
}

_inline(_) := {problem |
	some group in lib.after_any({"aws_security_group", "aws_default_security_group"})
	some path in lib.places(group, ["ingress", "*"])
	some problem in _judged(group, path, object.get(group.after, path, {}))
}

_rules(_) := {problem |
	some one in lib.after("aws_security_group_rule")
	one.after.type == "ingress"
	some problem in _judged(one, [], one.after)
}

_single(_) := {problem |
	some one in lib.after("aws_vpc_security_group_ingress_rule")
	some problem in _judged(one, [], one.after)
}

# An empty path is the resource itself.
_judged(resource, path, block) := {lib.unsure(resource, path)} if {
	network.hidden(block)
} else := {lib.broken(resource, sprintf("%s from %s", [_ports(block), concat(", ", open)]))} if {
	open := {source | some key in _sources; some source in lib.listed(object.get(block, key, [])); network.everywhere(source)}
	count(open) > 0
	not _harmless(block)
} else := {lib.unsure(resource, array.concat(path, [key])) |
	some key in _sources
	network.hidden(object.get(block, key, null))
	not _harmless(block)
}

_sources := {"cidr_blocks", "ipv6_cidr_blocks", "cidr_ipv4", "cidr_ipv6"}

_protocol(block) := lower(sprintf("%v", [object.get(block, "protocol", object.get(block, "ip_protocol", "-1"))]))

_harmless(block) if {
	not _protocol(block) in {"-1", "all"}
	network.harmless({"from": block.from_port, "to": block.to_port})
}

_ports(block) := "every port" if {
	_protocol(block) in {"-1", "all"}
} else := sprintf("port %v", [block.from_port]) if {
	block.from_port == block.to_port
} else := sprintf("ports %v to %v", [object.get(block, "from_port", 0), object.get(block, "to_port", 65535)])
