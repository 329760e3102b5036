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
