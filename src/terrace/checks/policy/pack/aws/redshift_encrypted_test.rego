package terrace.aws.redshift_encrypted_test

import rego.v1

import data.terrace.aws.redshift_encrypted
import data.terrace.testing

test_fires if {
	testing.fails(redshift_encrypted.deny) with input as testing.one("aws_redshift_cluster", {"encrypted": false})
}

test_silent if {
	testing.silent(redshift_encrypted.deny) with input as testing.one("aws_redshift_cluster", {"encrypted": true})
}

test_unknown if {
	testing.unknown(redshift_encrypted.deny) with input as testing.one("aws_redshift_cluster", {"encrypted": testing.later})
}
