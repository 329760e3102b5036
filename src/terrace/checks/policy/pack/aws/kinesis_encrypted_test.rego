package terrace.aws.kinesis_encrypted_test

import rego.v1

import data.terrace.aws.kinesis_encrypted
import data.terrace.testing

test_fires if {
	testing.fails(kinesis_encrypted.warn) with input as testing.one("aws_kinesis_stream", {"encryption_type": "NONE"})
}

test_silent if {
	testing.silent(kinesis_encrypted.warn) with input as testing.one("aws_kinesis_stream", {"encryption_type": "KMS"})
}

test_unknown if {
	testing.unknown(kinesis_encrypted.warn) with input as testing.one("aws_kinesis_stream", {"encryption_type": testing.later})
}
