package terrace.aws.sqs_encrypted_test

import rego.v1

import data.terrace.aws.sqs_encrypted
import data.terrace.testing

test_fires if {
	testing.fails(sqs_encrypted.deny) with input as testing.one("aws_sqs_queue", {"sqs_managed_sse_enabled": false})
}

test_silent if {
	testing.silent(sqs_encrypted.deny) with input as testing.one("aws_sqs_queue", {"sqs_managed_sse_enabled": true})
}

test_silent_2 if {
	testing.silent(sqs_encrypted.deny) with input as testing.one("aws_sqs_queue", {"sqs_managed_sse_enabled": false, "kms_master_key_id": "alias/mine"})
}

test_silent_3 if {
	testing.silent(sqs_encrypted.deny) with input as testing.one("aws_sqs_queue", {"kms_master_key_id": testing.later})
}

test_unknown if {
	testing.unknown(sqs_encrypted.deny) with input as testing.one("aws_sqs_queue", {"sqs_managed_sse_enabled": testing.later})
}
