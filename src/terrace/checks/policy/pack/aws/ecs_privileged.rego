# METADATA
# title: A container runs with the privileges of its host
# description: >-
#   An attacker who breaks into it controls the host and all containers on it.
# related_resources:
#   - ref: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/security-tasks-containers.html
# custom:
#   id: aws-ecs-privileged
#   severity: high
#   family: container-privilege
#   types: [aws_ecs_task_definition]
#   controls: [ecs_task_definitions_no_privileged_containers]
#   remediation: >-
#     Remove privileged from the container definition; add only the Linux capability that is needed.
package terrace.aws.ecs_privileged

import rego.v1

import data.terrace.lib

deny contains lib.finding(rego.metadata.chain(), problem) if {
	some problem in _broken(0)
}

deny contains lib.finding(rego.metadata.chain(), problem) if {
	some problem in _doubtful(0)
}

_broken(_) := {lib.broken(task, sprintf("container %s is privileged", [container.name])) |
	some task in lib.after("aws_ecs_task_definition")
	some container in lib.document(task, ["container_definitions"])
	container.privileged == true
}

_doubtful(_) := {lib.unsure(task, ["container_definitions"]) |
	some task in lib.after("aws_ecs_task_definition")
	lib.look(task, ["container_definitions"]).is != "known"
	not _read(task)
}

_read(task) if {
	containers := lib.document(task, ["container_definitions"])
	every container in containers {
		container != {"unknown": true}
		object.get(container, "privileged", false) != {"unknown": true}
	}
}
