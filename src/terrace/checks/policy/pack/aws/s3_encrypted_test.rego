package terrace.aws.s3_encrypted_test

import rego.v1

import data.terrace.aws.s3_encrypted
import data.terrace.testing

test_fires if {
	testing.fails(s3_encrypted.warn) with input as testing.one("aws_s3_bucket", {"bucket": "b"})
}

test_fires_2 if {
	testing.fails(s3_encrypted.warn) with input as testing.plan(testing.link([testing.resource("aws_s3_bucket", {"bucket": "b"}), testing.resource("aws_s3_bucket_server_side_encryption_configuration", {"bucket": testing.later, "rule": [{"apply_server_side_encryption_by_default": [{"sse_algorithm": "AES256"}]}]})], "aws_s3_bucket_server_side_encryption_configuration.it", "aws_s3_bucket.it"))
}

test_silent if {
	testing.silent(s3_encrypted.warn) with input as testing.plan(testing.link([testing.resource("aws_s3_bucket", {"bucket": "b"}), testing.resource("aws_s3_bucket_server_side_encryption_configuration", {"bucket": testing.later, "rule": [{"apply_server_side_encryption_by_default": [{"sse_algorithm": "aws:kms"}]}]})], "aws_s3_bucket_server_side_encryption_configuration.it", "aws_s3_bucket.it"))
}

test_silent_2 if {
	testing.silent(s3_encrypted.warn) with input as testing.one("aws_s3_bucket", {"server_side_encryption_configuration": [{"rule": [{"apply_server_side_encryption_by_default": [{"sse_algorithm": "aws:kms"}]}]}]})
}

test_unknown if {
	testing.unknown(s3_encrypted.warn) with input as testing.plan(testing.link([testing.resource("aws_s3_bucket", {"bucket": "b"}), testing.resource("aws_s3_bucket_server_side_encryption_configuration", {"bucket": testing.later, "rule": [{"apply_server_side_encryption_by_default": [{"sse_algorithm": testing.later}]}]})], "aws_s3_bucket_server_side_encryption_configuration.it", "aws_s3_bucket.it"))
}
