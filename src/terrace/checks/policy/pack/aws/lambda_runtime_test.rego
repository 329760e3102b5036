package terrace.aws.lambda_runtime_test

import rego.v1

import data.terrace.aws.lambda_runtime
import data.terrace.testing

test_fires if {
	testing.fails(lambda_runtime.warn) with input as testing.one("aws_lambda_function", {"runtime": "python3.7"})
}

test_silent if {
	testing.silent(lambda_runtime.warn) with input as testing.one("aws_lambda_function", {"runtime": "python3.13"})
}

test_unknown if {
	testing.unknown(lambda_runtime.warn) with input as testing.one("aws_lambda_function", {"runtime": testing.later})
}
