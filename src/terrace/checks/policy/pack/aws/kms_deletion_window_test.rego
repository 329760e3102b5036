package terrace.aws.kms_deletion_window_test

import rego.v1

import data.terrace.aws.kms_deletion_window
import data.terrace.testing

test_fires if {
	testing.fails(kms_deletion_window.warn) with input as testing.one("aws_kms_key", {"deletion_window_in_days": 7})
}

test_silent if {
	testing.silent(kms_deletion_window.warn) with input as testing.one("aws_kms_key", {"deletion_window_in_days": 30})
}

test_unknown if {
	testing.unknown(kms_deletion_window.warn) with input as testing.one("aws_kms_key", {"deletion_window_in_days": testing.later})
}

test_silent_2 if {
	testing.silent(kms_deletion_window.warn) with input as testing.one("aws_kms_key", {"description": "the provider's 30 days"})
}
