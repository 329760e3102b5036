package terrace.aws.iam_wildcard_test

import rego.v1

import data.terrace.aws.iam_wildcard
import data.terrace.testing

test_fires if {
	testing.fails(iam_wildcard.deny) with input as testing.one("aws_iam_policy", {"policy": "{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", \"Action\": \"*\", \"Resource\": \"*\"}]}"})
}

test_fires_2 if {
	testing.fails(iam_wildcard.deny) with input as testing.one("aws_iam_policy", {"policy": "{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", \"Action\": [\"s3:Get*\", \"*:*\"], \"Resource\": [\"*\"]}]}"})
}

test_fires_3 if {
	testing.fails(iam_wildcard.deny) with input as testing.one("aws_iam_policy", {"policy": "{\"Statement\": {\"Sid\": \"All\", \"Effect\": \"Allow\", \"NotAction\": \"iam:*\", \"Resource\": \"*\"}}"})
}

test_silent if {
	testing.silent(iam_wildcard.deny) with input as testing.one("aws_iam_policy", {"policy": "{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", \"Action\": \"s3:GetObject\", \"Resource\": \"*\"}, {\"Effect\": \"Deny\", \"Action\": \"*\", \"Resource\": \"*\"}]}"})
}

test_unknown if {
	testing.unknown(iam_wildcard.deny) with input as testing.one("aws_iam_policy", {"policy": testing.later})
}

_in_part(statement) := testing.plan([object.union(
	testing.resource("aws_iam_role_policy", {"policy": testing.later}),
	{"json": {"policy": {"Statement": [object.union({"Effect": "Allow"}, statement)]}}},
)])

test_unknown_action if {
	testing.unknown(iam_wildcard.deny) with input as _in_part({"Action": [testing.later], "Resource": "*"})
}

test_unknown_resource if {
	testing.unknown(iam_wildcard.deny) with input as _in_part({"Action": "*", "Resource": testing.later})
}

test_silent_for_a_resource_that_is_new if {
	testing.silent(iam_wildcard.deny) with input as _in_part({"Action": "*", "Resource": {"reference": "aws_s3_bucket.it.arn"}})
}

test_unknown_statement if {
	policy := object.union(testing.resource("aws_iam_role_policy", {"policy": testing.later}), {"json": {"policy": {"Statement": [testing.later]}}})
	testing.unknown(iam_wildcard.deny) with input as testing.plan([policy])
}
