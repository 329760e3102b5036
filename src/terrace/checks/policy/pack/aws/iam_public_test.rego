package terrace.aws.iam_public_test

import rego.v1

import data.terrace.aws.iam_public
import data.terrace.testing

test_fires if {
	testing.fails(iam_public.deny) with input as testing.one("aws_s3_bucket_policy", {"policy": "{\"Version\": \"2012-10-17\", \"Statement\": [{\"Sid\": \"Read\", \"Effect\": \"Allow\", \"Principal\": \"*\", \"Action\": \"s3:GetObject\", \"Resource\": \"*\"}]}"})
}

test_fires_2 if {
	testing.fails(iam_public.deny) with input as testing.one("aws_sqs_queue_policy", {"policy": "{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", \"Principal\": {\"AWS\": [\"*\"]}, \"Action\": \"sqs:*\", \"Resource\": \"*\"}]}"})
}

test_fires_3 if {
	testing.fails(iam_public.deny) with input as testing.one("aws_lambda_permission", {"principal": "*"})
}

test_fires_4 if {
	testing.fails(iam_public.deny) with input as testing.one("aws_s3_bucket_policy", {"policy": "{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", \"NotPrincipal\": {\"AWS\": \"arn:aws:iam::1:root\"}, \"Action\": \"s3:*\", \"Resource\": \"*\"}]}"})
}

test_silent if {
	testing.silent(iam_public.deny) with input as testing.one("aws_s3_bucket_policy", {"policy": "{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", \"Principal\": \"*\", \"Action\": \"s3:GetObject\", \"Resource\": \"*\", \"Condition\": {\"StringEquals\": {\"aws:PrincipalOrgID\": \"o-1\"}}}, {\"Effect\": \"Deny\", \"Principal\": \"*\", \"Action\": \"s3:*\", \"Resource\": \"*\"}]}"})
}

test_silent_2 if {
	testing.silent(iam_public.deny) with input as testing.one("aws_sqs_queue", {"name": "without a policy"})
}

test_unknown if {
	testing.unknown(iam_public.deny) with input as testing.one("aws_s3_bucket_policy", {"policy": testing.later})
}

test_unknown_principal if {
	created := object.union(
		testing.resource("aws_s3_bucket_policy", {"policy": testing.later}),
		{"json": {"policy": {"Statement": [{"Effect": "Allow", "Principal": {"AWS": [testing.later]}, "Action": "s3:*"}]}}},
	)
	testing.unknown(iam_public.deny) with input as testing.plan([created])
}

test_silent_for_a_principal_that_is_new if {
	created := object.union(
		testing.resource("aws_s3_bucket_policy", {"policy": testing.later}),
		{"json": {"policy": {"Statement": [{"Effect": "Allow", "Principal": {"AWS": [{"reference": "aws_iam_role.it.arn"}]}, "Action": "s3:*"}]}}},
	)
	testing.silent(iam_public.deny) with input as testing.plan([created])
}

test_fires_for_a_policy_that_is_known_in_part if {
	created := object.union(
		testing.resource("aws_s3_bucket_policy", {"policy": testing.later}),
		{"json": {"policy": {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": testing.later}]}}},
	)
	testing.fails(iam_public.deny) with input as testing.plan([created])
}

test_silent_without_a_policy if {
	testing.silent(iam_public.deny) with input as testing.one("aws_sqs_queue", {"policy": testing.unset})
}

test_unknown_whether_a_condition_holds_anybody_back if {
	statement := {"Effect": "Allow", "Principal": "*", "Action": "sqs:*", "Condition": testing.later}
	queue := object.union(testing.resource("aws_sqs_queue", {"policy": testing.later}), {"json": {"policy": {"Statement": [statement]}}})
	some told in iam_public.deny with input as testing.plan([queue])
	told.status == "unknown"
}
