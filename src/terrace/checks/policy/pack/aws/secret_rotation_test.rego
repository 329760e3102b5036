package terrace.aws.secret_rotation_test

import rego.v1

import data.terrace.aws.secret_rotation
import data.terrace.testing

test_fires if {
	testing.fails(secret_rotation.warn) with input as testing.one("aws_secretsmanager_secret", {"name": "s"})
}

test_silent if {
	testing.silent(secret_rotation.warn) with input as testing.plan(testing.link([testing.resource("aws_secretsmanager_secret", {"name": "s"}), testing.resource("aws_secretsmanager_secret_rotation", {"secret_id": testing.later})], "aws_secretsmanager_secret_rotation.it", "aws_secretsmanager_secret.it"))
}

test_unknown if {
	testing.unknown(secret_rotation.warn) with input as testing.plan([testing.resource("aws_secretsmanager_secret", {"name": "s"}), testing.resource("aws_secretsmanager_secret_rotation", {"secret_id": testing.later})])
}
