package terrace.aws.default_vpc_test

import rego.v1

import data.terrace.aws.default_vpc
import data.terrace.testing

test_fires if {
	testing.fails(default_vpc.warn) with input as testing.one("aws_default_vpc", {"id": "x"})
}

test_silent if {
	testing.silent(default_vpc.warn) with input as testing.one("aws_vpc", {"cidr_block": "10.0.0.0/16"})
}

# A resource that is there or not is never unknown.
test_unknown_is_not_possible if {
	testing.fails(default_vpc.warn) with input as testing.one("aws_default_vpc", {"cidr_block": testing.later})
}
