package terrace.aws.dynamodb_recovery_test

import rego.v1

import data.terrace.aws.dynamodb_recovery
import data.terrace.testing

test_fires if {
	testing.fails(dynamodb_recovery.warn) with input as testing.one("aws_dynamodb_table", {"point_in_time_recovery": [{"enabled": false}]})
}

test_silent if {
	testing.silent(dynamodb_recovery.warn) with input as testing.one("aws_dynamodb_table", {"point_in_time_recovery": [{"enabled": true}]})
}

test_unknown if {
	testing.unknown(dynamodb_recovery.warn) with input as testing.one("aws_dynamodb_table", {"point_in_time_recovery": [{"enabled": testing.later}]})
}
