# METADATA
# title: A resource is in a region that is not allowed
# description: >-
#   Data leaves the countries where it must stay, for a region that is not monitored.
# related_resources:
#   - ref: https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_examples_general.html
#   - ref: https://learn.microsoft.com/azure/governance/policy/samples/built-in-policies
# custom:
#   id: allowed-regions
#   severity: high
#   family: allowed-regions
#   types: ["*"]
#   controls: [organizations_scp_check_deny_regions, e56962a6-4747-49cd-b67b-bf8b01975c4c]
#   remediation: >-
#     Create it in one of allowed_regions of settings.yaml; if that list is empty, every region is allowed.
package terrace.common.allowed_regions

import rego.v1

import data.terrace.lib

deny contains lib.finding(rego.metadata.chain(), problem) if {
	some problem in _elsewhere(0)
}

_elsewhere(_) := {problem |
	allowed := {_plain(region) | some region in lib.setting("allowed_regions")}
	count(allowed) > 0
	some resource in input.resources
	lib.survives(resource)
	some key in ["region", "location"]
	lib.is_set(resource, [key])
	problem := _judged(resource, key, allowed)
}

_judged(resource, key, allowed) := lib.unsure(resource, [key]) if {
	lib.look(resource, [key]).is != "known"
} else := lib.broken(resource, sprintf("%s is %s", [key, resource.after[key]])) if {
	not _plain(resource.after[key]) in (allowed | {"global"})
}

_plain(region) := lower(replace(region, " ", ""))
