package naive

# Looks at the names of attributes, not into maps and JSON.
deny contains msg if {
	some resource in input.planned_values.root_module.resources
	some key, value in resource.values
	lower(key) in {"password", "secret", "key", "token", "api_key"}
	is_string(value)
	msg := sprintf("%s holds a secret in %s", [resource.address, key])
}
