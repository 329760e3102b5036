package terrace.aws.efs_encrypted_test

import rego.v1

import data.terrace.aws.efs_encrypted
import data.terrace.testing

test_fires if {
	testing.fails(efs_encrypted.deny) with input as testing.one("aws_efs_file_system", {"encrypted": false})
}

test_silent if {
	testing.silent(efs_encrypted.deny) with input as testing.one("aws_efs_file_system", {"encrypted": true})
}

test_unknown if {
	testing.unknown(efs_encrypted.deny) with input as testing.one("aws_efs_file_system", {"encrypted": testing.later})
}
