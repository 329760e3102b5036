package terrace.aws.ecr_immutable_test

import rego.v1

import data.terrace.aws.ecr_immutable
import data.terrace.testing

test_fires if {
	testing.fails(ecr_immutable.warn) with input as testing.one("aws_ecr_repository", {"image_tag_mutability": "MUTABLE"})
}

test_silent if {
	testing.silent(ecr_immutable.warn) with input as testing.one("aws_ecr_repository", {"image_tag_mutability": "IMMUTABLE"})
}

test_unknown if {
	testing.unknown(ecr_immutable.warn) with input as testing.one("aws_ecr_repository", {"image_tag_mutability": testing.later})
}
