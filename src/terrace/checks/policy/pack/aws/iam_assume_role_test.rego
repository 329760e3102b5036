package terrace.aws.iam_assume_role_test

import rego.v1

import data.terrace.aws.iam_assume_role
import data.terrace.testing

test_fires if {
	testing.fails(iam_assume_role.deny) with input as testing.one("aws_iam_role", {"assume_role_policy": "{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", \"Principal\": {\"AWS\": \"*\"}, \"Action\": \"sts:AssumeRole\"}]}"})
}

test_silent if {
	testing.silent(iam_assume_role.deny) with input as testing.one("aws_iam_role", {"assume_role_policy": "{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", \"Principal\": {\"Service\": \"ec2.amazonaws.com\"}, \"Action\": \"sts:AssumeRole\"}]}"})
}

test_unknown if {
	testing.unknown(iam_assume_role.deny) with input as testing.one("aws_iam_role", {"assume_role_policy": testing.later})
}
