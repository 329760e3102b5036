# METADATA
# title: A machine has a public address
# description: >-
#   Every open port and every vulnerability is exposed to the whole internet.
# related_resources:
#   - ref: https://learn.microsoft.com/azure/security/fundamentals/network-best-practices
# custom:
#   id: azure-vm-public-ip
#   severity: medium
#   family: public-compute
#   types: [azurerm_network_interface]
#   controls: [83a86a26-fd1f-447c-b59d-e51f44264114]
#   remediation: >-
#     Remove public_ip_address_id; use Bastion, or a load balancer.
package terrace.azure.vm_public_ip

import rego.v1

import data.terrace.lib

warn contains lib.finding(rego.metadata.chain(), problem) if {
	some problem in _open(0)
}

# That there will be an address is known, though not yet which.
_open(_) := {lib.broken(card, sprintf("%s is set", [lib.dotted(path)])) |
	some card in lib.after("azurerm_network_interface")
	some path in lib.places(card, ["ip_configuration", "*", "public_ip_address_id"])
	count(path) == 3
	lib.is_set(card, path)
} | {lib.unsure(card, ["ip_configuration"]) |
	some card in lib.after("azurerm_network_interface")
	card.after.ip_configuration == {"unknown": true}
}
