package terrace.aws.s3_logging_test

import rego.v1

import data.terrace.aws.s3_logging
import data.terrace.testing

test_fires if {
	testing.fails(s3_logging.warn) with input as testing.one("aws_s3_bucket", {"bucket": "b"})
}

test_silent if {
	testing.silent(s3_logging.warn) with input as testing.plan(testing.link([testing.resource("aws_s3_bucket", {"bucket": "b"}), testing.resource("aws_s3_bucket_logging", {"bucket": testing.later, "target_bucket": "logs"})], "aws_s3_bucket_logging.it", "aws_s3_bucket.it"))
}

test_unknown if {
	testing.unknown(s3_logging.warn) with input as testing.plan([testing.resource("aws_s3_bucket", {"bucket": "b"}), testing.resource("aws_s3_bucket_logging", {"bucket": testing.later})])
}

test_silent_2 if {
	testing.silent(s3_logging.warn) with input as testing.one("aws_s3_bucket", {"logging": [{"target_bucket": "logs"}]})
}

test_silent_3 if {
	testing.silent(s3_logging.warn) with input as testing.plan([testing.resource("aws_s3_bucket", {"bucket": "logs"}), testing.resource("aws_s3_bucket_logging", {"bucket": "b", "target_bucket": "logs"})])
}

test_fires_2 if {
	testing.fails(s3_logging.warn) with input as testing.plan([testing.resource("aws_s3_bucket", {"bucket": "other"}), testing.resource("aws_s3_bucket_logging", {"bucket": "b", "target_bucket": "logs"})])
}

test_silent_for_a_bucket_that_takes_logs_by_reference if {
	bucket := object.union(testing.resource("aws_s3_bucket", {"bucket": testing.unset}), {"referred_from": ["aws_s3_bucket_logging.it"]})
	logging := object.union(testing.resource("aws_s3_bucket_logging", {"target_bucket": testing.later, "bucket": "other"}), {"origins": {"target_bucket": ["aws_s3_bucket.it"]}})
	testing.silent(s3_logging.warn) with input as testing.plan([bucket, logging])
}
