# METADATA
# title: A resource lacks tags
# description: >-
#   Without them, its owner, its cost center and whether it can be deleted are unknown.
# related_resources:
#   - ref: https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html
#   - ref: https://learn.microsoft.com/azure/cloud-adoption-framework/ready/azure-best-practices/resource-tagging
# custom:
#   id: required-tags
#   severity: medium
#   family: required-tags
#   types: ["*"]
#   controls: [organizations_tags_policies_enabled_and_attached]
#   remediation: >-
#     Set them in tags, or for all AWS resources in default_tags of the provider. The required tags are in
#     settings.yaml (required_tags).
package terrace.common.required_tags

import rego.v1

import data.terrace.lib

warn contains lib.finding(rego.metadata.chain(), problem) if {
	some problem in _lacking(0)
}

# The provider of AWS calls tags_all unknown where it would be empty: known tags are all there are.
_lacking(_) := {problem |
	some resource in input.resources
	lib.survives(resource)
	_taggable(resource)
	some problem in _judged(resource)
}

# A plan has every attribute of a type, so that one without any of these cannot bear tags.
_taggable(resource) if {
	some key in ["tags", "tags_all", "tag"]
	object.get(resource.after, key, "absent") != "absent"
}

_judged(resource) := {problem |
	bearing := _tags(resource)
	missing := {tag | some tag in lib.setting("required_tags"); not _is_borne(bearing, tag)}
	count(missing) > 0
	problem := _said(resource, missing, bearing)
}

# Unknown values count, and are told apart.
_tags(resource) := object.union_n([_of(resource.after, key) | some key in ["tag", "tags_all", "tags"]; resource.after[key]])

_of(after, key) := {lower(name): value | some name, value in after[key]; is_string(name)} if {
	is_object(after[key])
} else := {lower(tag.key): tag.value | some tag in after[key]; is_string(tag.key)} if {
	is_array(after[key])
} else := {}

_is_borne(bearing, tag) if {
	value := bearing[lower(tag)]
	is_string(value)
	trim_space(value) != ""
}

_said(resource, missing, bearing) := lib.unsure(resource, ["tags"]) if {
	some tag in missing
	object.get(bearing, lower(tag), null) == {"unknown": true}
} else := lib.unsure(resource, ["tags"]) if {
	resource.after.tags == {"unknown": true}
} else := lib.broken(resource, sprintf("%s", [concat(", ", missing)]))
