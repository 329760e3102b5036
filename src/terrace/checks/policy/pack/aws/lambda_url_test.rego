package terrace.aws.lambda_url_test

import rego.v1

import data.terrace.aws.lambda_url
import data.terrace.testing

test_fires if {
	testing.fails(lambda_url.deny) with input as testing.one("aws_lambda_function_url", {"authorization_type": "NONE"})
}

test_silent if {
	testing.silent(lambda_url.deny) with input as testing.one("aws_lambda_function_url", {"authorization_type": "AWS_IAM"})
}

test_unknown if {
	testing.unknown(lambda_url.deny) with input as testing.one("aws_lambda_function_url", {"authorization_type": testing.later})
}
