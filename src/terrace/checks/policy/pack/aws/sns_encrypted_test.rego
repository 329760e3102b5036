package terrace.aws.sns_encrypted_test

import rego.v1

import data.terrace.aws.sns_encrypted
import data.terrace.testing

test_fires if {
	testing.fails(sns_encrypted.warn) with input as testing.one("aws_sns_topic", {"name": "t"})
}

test_silent if {
	testing.silent(sns_encrypted.warn) with input as testing.one("aws_sns_topic", {"kms_master_key_id": "alias/aws/sns"})
}

test_unknown if {
	testing.unknown(sns_encrypted.warn) with input as testing.one("aws_sns_topic", {"kms_master_key_id": testing.later})
}
