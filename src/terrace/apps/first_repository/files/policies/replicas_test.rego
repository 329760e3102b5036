package shop.replicas_test

import data.shop.replicas

test_fires_for_one_copy_in_production if {
	count(replicas.deny) == 1 with input as plan("prod", 1)
}

test_is_silent_for_two_copies if {
	count(replicas.deny) == 0 with input as plan("prod", 2)
}

test_is_silent_elsewhere if {
	count(replicas.deny) == 0 with input as plan("dev", 1)
}

plan(environment, copies) := {
	"environment": environment,
	"resources": [{
		"address": "module.service.terraform_data.service",
		"type": "terraform_data",
		"action": "create",
		"after": {"input": {"replicas": copies}},
	}],
}
