package naive

# Encryption has not stood inside of a bucket since version 4 of the provider.
deny contains msg if {
	some resource in input.planned_values.root_module.resources
	resource.type == "aws_s3_bucket"
	some encryption in resource.values.server_side_encryption_configuration
	some rule in encryption.rule
	some by_default in rule.apply_server_side_encryption_by_default
	by_default.sse_algorithm != "aws:kms"
	msg := sprintf("%s is not encrypted with a key of ours", [resource.address])
}
