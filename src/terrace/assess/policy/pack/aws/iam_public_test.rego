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
