package terrace.aws.ecs_privileged_test

import rego.v1

import data.terrace.aws.ecs_privileged
import data.terrace.testing

test_fires if {
	testing.fails(ecs_privileged.deny) with input as testing.one("aws_ecs_task_definition", {"container_definitions": "[{\"name\": \"a\"}, {\"name\": \"b\", \"privileged\": true}]"})
}

test_silent if {
	testing.silent(ecs_privileged.deny) with input as testing.one("aws_ecs_task_definition", {"container_definitions": "[{\"name\": \"a\", \"privileged\": false}]"})
}

test_unknown if {
	testing.unknown(ecs_privileged.deny) with input as testing.one("aws_ecs_task_definition", {"container_definitions": testing.later})
}

_known_in_part(container) := testing.plan([object.union(
	testing.resource("aws_ecs_task_definition", {"container_definitions": testing.later}),
	{"json": {"container_definitions": [container]}},
)])

test_silent_where_only_the_log_group_is_new if {
	testing.silent(ecs_privileged.deny) with input as _known_in_part({"name": "a", "image": testing.later})
}

test_unknown_where_the_switch_is if {
	testing.unknown(ecs_privileged.deny) with input as _known_in_part({"name": "a", "privileged": testing.later})
}
