package terrace.aws.cloudtrail_validation_test

import rego.v1

import data.terrace.aws.cloudtrail_validation
import data.terrace.testing

test_fires if {
	testing.fails(cloudtrail_validation.warn) with input as testing.one("aws_cloudtrail", {"enable_log_file_validation": false})
}

test_silent if {
	testing.silent(cloudtrail_validation.warn) with input as testing.one("aws_cloudtrail", {"enable_log_file_validation": true})
}

test_unknown if {
	testing.unknown(cloudtrail_validation.warn) with input as testing.one("aws_cloudtrail", {"enable_log_file_validation": testing.later})
}
