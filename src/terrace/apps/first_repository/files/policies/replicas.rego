# METADATA
# title: Production runs at least two copies
# description: A single copy is down during every restart.
# custom:
#   id: replicas
#   severity: high
#   types: [terraform_data]
#   remediation: Set replicas to 2 or more in environments/prod/terraform.tfvars.
package shop.replicas

# Every message of `deny` blocks a change.
deny contains message if {
	input.environment == "prod"
	some thing in services
	thing.after.input.replicas < 2
	message := {
		"msg": sprintf("%v copies in production", [thing.after.input.replicas]),
		"resource": thing.address,
		"rule": "replicas",
		"severity": "high",
		"fix": "set replicas to 2 or more in environments/prod/terraform.tfvars",
	}
}

services contains thing if {
	some thing in input.resources
	thing.type == "terraform_data"
	not thing.action in {"delete", "forget"}
}
