package terrace.aws.s3_versioning_test

import rego.v1

import data.terrace.aws.s3_versioning
import data.terrace.testing

test_fires if {
	testing.fails(s3_versioning.warn) with input as testing.one("aws_s3_bucket", {"bucket": "b"})
}

test_fires_2 if {
	testing.fails(s3_versioning.warn) with input as testing.plan(testing.link([testing.resource("aws_s3_bucket", {"bucket": "b"}), testing.resource("aws_s3_bucket_versioning", {"bucket": testing.later, "versioning_configuration": [{"status": "Suspended"}]})], "aws_s3_bucket_versioning.it", "aws_s3_bucket.it"))
}

test_silent if {
	testing.silent(s3_versioning.warn) with input as testing.plan(testing.link([testing.resource("aws_s3_bucket", {"bucket": "b"}), testing.resource("aws_s3_bucket_versioning", {"bucket": testing.later, "versioning_configuration": [{"status": "Enabled"}]})], "aws_s3_bucket_versioning.it", "aws_s3_bucket.it"))
}

test_silent_2 if {
	testing.silent(s3_versioning.warn) with input as testing.one("aws_s3_bucket", {"versioning": [{"enabled": true}]})
}

test_unknown if {
	testing.unknown(s3_versioning.warn) with input as testing.plan(testing.link([testing.resource("aws_s3_bucket", {"bucket": "b"}), testing.resource("aws_s3_bucket_versioning", {"bucket": testing.later, "versioning_configuration": [{"status": testing.later}]})], "aws_s3_bucket_versioning.it", "aws_s3_bucket.it"))
}
