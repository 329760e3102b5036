# METADATA
# title: The configuration contains a secret in clear text
# description: >-
#   Everyone who can read the repository, the state or the cloud console knows it.
# related_resources:
#   - ref: https://developer.hashicorp.com/terraform/language/manage-sensitive-data
# custom:
#   id: hard-coded-secret
#   severity: critical
#   family: hard-coded-secret
#   types: ["*"]
#   controls: [awslambda_function_no_secrets_in_variables, ecs_task_definitions_no_environment_secrets]
#   remediation: >-
#     Refer to Secrets Manager, SSM or Key Vault, and revoke this secret.
package terrace.common.hard_coded_secret

import rego.v1

import data.terrace.lib

deny contains lib.finding(rego.metadata.chain(), problem) if {
	some problem in _attributes(0)
}

deny contains lib.finding(rego.metadata.chain(), problem) if {
	some problem in _containers(0)
}

_attributes(_) := {problem |
	some resource in input.resources
	lib.survives(resource)

	# Most have no such word anywhere: walking through them all would take longest of all rules.
	_mentions(lower(json.marshal(resource.after)))
	walk(resource.after, [path, value])
	is_string(value)
	names := [part | some part in path; is_string(part)]
	_telling(names[count(names) - 1], value)
	problem := lib.broken(resource, lib.dotted(path))
}

# Terraform marks the value elsewhere, and not here: it is hidden in what is judged, and is in clear in the state.
deny contains lib.finding(rego.metadata.chain(), problem) if {
	some resource in input.resources
	lib.survives(resource)
	some path in resource.unmarked
	problem := lib.broken(resource, lib.dotted(path))
}

# As lists of {name, value}, in the JSON of container definitions.
_containers(_) := {problem |
	some resource in input.resources
	lib.survives(resource)
	some document in resource.json
	walk(document, [_, pair])
	_telling(pair.name, pair.value)
	problem := lib.broken(resource, sprintf("the variable %s", [pair.name]))
}

_words := `(?i)(passw(or)?d|secret|token|api_?key|access_?key|private_?key|connection_?string)`

# Some key with such a word has a text: plain searches first, for an expression takes ten times as long.
_mentions(text) if {
	some word in ["passw", "secret", "token", "apikey", "api_key", "access_key", "accesskey", "private", "connection"]
	contains(text, word)
	regex.match(`(passw|secret|token|key|connection)[^"]{0,40}":"[^"]{6}`, text)
}

_telling(name, value) if {
	regex.match(_words, name)
	not regex.match(`(?i)(_|-)?(arn|id|ids|name|names|path|uri|url|file|type|enabled|length|version|days|policy|algorithm|expiration|required|ttl|validity|rotation|permissions|lifetime|strategy|mode|status|state|format|source|provider|issuer)$`, name)
	count(value) >= 6
	not regex.match(`(?i)^(arn:|@microsoft\.keyvault|\{\{resolve:|/|https?://|\$|<|true$|false$|null$|enabled$|disabled$|required$|optional$)`, value)
}
