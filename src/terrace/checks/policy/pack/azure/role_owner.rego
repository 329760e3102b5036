# METADATA
# title: An identity becomes owner of a whole subscription
# description: >-
#   Anyone with that identity controls everything in the subscription.
# related_resources:
#   - ref: https://learn.microsoft.com/azure/role-based-access-control/best-practices
# custom:
#   id: azure-role-owner
#   severity: high
#   family: iam-wildcard
#   types: [azurerm_role_assignment]
#   controls: []
#   remediation: >-
#     Grant a narrower role, on a resource group, and for a limited time (PIM).
package terrace.azure.role_owner

import rego.v1

import data.terrace.lib

deny contains lib.finding(rego.metadata.chain(), problem) if {
	some problem in _broken(0)
}

_broken(_) := {problem |
	some one in lib.after("azurerm_role_assignment")
	some problem in _judged(one)
}

_judged(one) := set() if {
	role := lib.known(one, ["role_definition_name"])
	not role in {"Owner", "User Access Administrator", "Contributor", null}
} else := set() if {
	regex.match(`^/subscriptions/[^/]+/.+`, lib.known(one, ["scope"]))
} else := {lib.unsure(one, [key])} if {
	some key in ["role_definition_name"]
	lib.look(one, [key]).is != "known"
} else := {lib.unsure(one, ["scope"])} if {
	lib.look(one, ["scope"]).is != "known"
} else := {lib.broken(one, sprintf("%s on %s", [one.after.role_definition_name, one.after.scope]))} if {
	one.after.role_definition_name in {"Owner", "User Access Administrator"}
} else := set()
