package terrace.aws.s3_public_access_block_test

import rego.v1

import data.terrace.aws.s3_public_access_block
import data.terrace.testing

test_fires if {
	testing.fails(s3_public_access_block.deny) with input as testing.one("aws_s3_bucket", {"bucket": "b"})
}

test_fires_2 if {
	testing.fails(s3_public_access_block.deny) with input as testing.plan(testing.link([testing.resource("aws_s3_bucket", {"bucket": "b"}), testing.resource("aws_s3_bucket_public_access_block", {"bucket": testing.later, "block_public_acls": true, "block_public_policy": false, "ignore_public_acls": true, "restrict_public_buckets": true})], "aws_s3_bucket_public_access_block.it", "aws_s3_bucket.it"))
}

test_silent if {
	testing.silent(s3_public_access_block.deny) with input as testing.plan(testing.link([testing.resource("aws_s3_bucket", {"bucket": "b"}), testing.resource("aws_s3_bucket_public_access_block", {"bucket": testing.later, "block_public_acls": true, "block_public_policy": true, "ignore_public_acls": true, "restrict_public_buckets": true})], "aws_s3_bucket_public_access_block.it", "aws_s3_bucket.it"))
}

test_silent_2 if {
	testing.silent(s3_public_access_block.deny) with input as testing.plan([testing.resource("aws_s3_bucket", {"bucket": "b"}), testing.resource("aws_s3_bucket_public_access_block", {"bucket": "b", "block_public_acls": true, "block_public_policy": true, "ignore_public_acls": true, "restrict_public_buckets": true})])
}

test_unknown if {
	testing.unknown(s3_public_access_block.deny) with input as testing.plan([testing.resource("aws_s3_bucket", {"bucket": "b"}), testing.resource("aws_s3_bucket_public_access_block", {"bucket": testing.later, "block_public_acls": true, "block_public_policy": true, "ignore_public_acls": true, "restrict_public_buckets": true})])
}

test_unknown_2 if {
	testing.unknown(s3_public_access_block.deny) with input as testing.plan(testing.link([testing.resource("aws_s3_bucket", {"bucket": "b"}), testing.resource("aws_s3_bucket_public_access_block", {"bucket": testing.later, "block_public_acls": true, "block_public_policy": testing.later, "ignore_public_acls": true, "restrict_public_buckets": true})], "aws_s3_bucket_public_access_block.it", "aws_s3_bucket.it"))
}
