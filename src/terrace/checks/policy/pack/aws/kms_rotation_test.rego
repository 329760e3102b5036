package terrace.aws.kms_rotation_test

import rego.v1

import data.terrace.aws.kms_rotation
import data.terrace.testing

test_fires if {
	testing.fails(kms_rotation.warn) with input as testing.one("aws_kms_key", {"enable_key_rotation": false})
}

test_silent if {
	testing.silent(kms_rotation.warn) with input as testing.one("aws_kms_key", {"enable_key_rotation": true})
}

test_unknown if {
	testing.unknown(kms_rotation.warn) with input as testing.one("aws_kms_key", {"enable_key_rotation": testing.later})
}

test_silent_2 if {
	testing.silent(kms_rotation.warn) with input as testing.one("aws_kms_key", {"customer_master_key_spec": "RSA_4096", "enable_key_rotation": false})
}
