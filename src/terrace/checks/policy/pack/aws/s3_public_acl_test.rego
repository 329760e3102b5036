package terrace.aws.s3_public_acl_test

import rego.v1

import data.terrace.aws.s3_public_acl
import data.terrace.testing

test_fires if {
	testing.fails(s3_public_acl.deny) with input as testing.one("aws_s3_bucket", {"acl": "public-read"})
}

test_fires_2 if {
	testing.fails(s3_public_acl.deny) with input as testing.one("aws_s3_bucket_acl", {"acl": "public-read-write"})
}

test_fires_3 if {
	testing.fails(s3_public_acl.deny) with input as testing.one("aws_s3_bucket_acl", {"access_control_policy": [{"grant": [{"permission": "READ", "grantee": [{"uri": "http://acs.amazonaws.com/groups/global/AllUsers"}]}]}]})
}

test_silent if {
	testing.silent(s3_public_acl.deny) with input as testing.one("aws_s3_bucket", {"acl": "private"})
}

test_silent_2 if {
	testing.silent(s3_public_acl.deny) with input as testing.one("aws_s3_bucket", {"acl": testing.later})
}

test_unknown if {
	testing.unknown(s3_public_acl.deny) with input as testing.one("aws_s3_bucket_acl", {"acl": testing.later})
}
