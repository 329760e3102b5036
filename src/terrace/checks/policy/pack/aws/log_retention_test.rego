package terrace.aws.log_retention_test

import rego.v1

import data.terrace.aws.log_retention
import data.terrace.testing

test_fires if {
	testing.fails(log_retention.warn) with input as testing.one("aws_cloudwatch_log_group", {"retention_in_days": 0})
}

test_silent if {
	testing.silent(log_retention.warn) with input as testing.one("aws_cloudwatch_log_group", {"retention_in_days": 365})
}

test_unknown if {
	testing.unknown(log_retention.warn) with input as testing.one("aws_cloudwatch_log_group", {"retention_in_days": testing.later})
}
