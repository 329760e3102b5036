# METADATA
# title: The whole internet can connect
# description: >-
#   Attackers probe every address within minutes; the service behind it must withstand all of them.
# related_resources:
#   - ref: https://learn.microsoft.com/azure/security/fundamentals/network-best-practices
# custom:
#   id: azure-open-ingress
#   severity: critical
#   family: open-ingress
#   types: [azurerm_network_security_rule, azurerm_network_security_group]
#   controls: [9daedab3-fb2d-461e-b861-71790eead4f6]
#   remediation: >-
#     List the address ranges that need access; use Bastion for management. The ports that can be open
#     (open_ports) are in settings.yaml.
package terrace.azure.open_ingress

import rego.v1

import data.terrace.lib
import data.terrace.lib.network

deny contains lib.finding(rego.metadata.chain(), problem) if {
	some problem in _rules(0)
}

deny contains lib.finding(rego.metadata.chain(), problem) if {
	some problem in _inline(0)
}

_rules(_) := {problem |
	some one in lib.after("azurerm_network_security_rule")
	some problem in _judged(one, [], one.after)
}

_inline(_) := {problem |
	some group in lib.after("azurerm_network_security_group")
	some path in lib.places(group, ["security_rule", "*"])
	some problem in _judged(group, path, object.get(group.after, path, {}))
}

_judged(resource, path, block) := {lib.unsure(resource, path)} if {
	network.hidden(block)
} else := set() if {
	_lets_nobody_in(block)
} else := {lib.broken(resource, sprintf("%sports %s from %s", [_named(block), concat(", ", ports), concat(", ", open)]))} if {
	open := {source | some source in _all(block, ["source_address_prefix", "source_address_prefixes"]); network.everywhere(source)}
	count(open) > 0
	ports := {port | some port in _all(block, ["destination_port_range", "destination_port_ranges"]); not _harmless(port)}
	count(ports) > 0
} else := {lib.unsure(resource, array.concat(path, [key])) |
	some key in _keys
	network.hidden(object.get(block, key, null))
	_may_be_open(block)
}

_keys := {"access", "direction", "source_address_prefix", "source_address_prefixes", "destination_port_range", "destination_port_ranges"}

_lets_nobody_in(block) if lower(block.access) == "deny"

_lets_nobody_in(block) if lower(block.direction) == "outbound"

# As far as can be seen: some source is everywhere or unknown, and some port is neither harmless nor known.
_may_be_open(block) if {
	some source in _all(block, ["source_address_prefix", "source_address_prefixes"])
	_open_or_hidden(source)
	some port in _all(block, ["destination_port_range", "destination_port_ranges"])
	_harmful_or_hidden(port)
}

_open_or_hidden(source) if network.everywhere(source)

_open_or_hidden(source) if network.hidden(source)

_harmful_or_hidden(port) if network.hidden(port)

_harmful_or_hidden(port) if {
	is_string(port)
	not _harmless(port)
}

_all(block, keys) := {value | some key in keys; some value in lib.listed(object.get(block, key, null))}

_harmless(port) if network.harmless(network.range_of(port))

_named(block) := sprintf("%s: ", [block.name]) if {
	is_string(block.name)
} else := ""
