package terrace.aws.iam_user_key_test

import rego.v1

import data.terrace.aws.iam_user_key
import data.terrace.testing

test_fires if {
	testing.fails(iam_user_key.warn) with input as testing.one("aws_iam_access_key", {"user": "ci"})
}

test_silent if {
	testing.silent(iam_user_key.warn) with input as testing.one("aws_iam_role", {"name": "ci"})
}

# There or not there: that is always known.
test_unknown_is_not_possible if {
	testing.fails(iam_user_key.warn) with input as testing.one("aws_iam_access_key", {"user": testing.later})
}
