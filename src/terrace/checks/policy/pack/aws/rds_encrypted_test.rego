package terrace.aws.rds_encrypted_test

import rego.v1

import data.terrace.aws.rds_encrypted
import data.terrace.testing

test_fires if {
	testing.fails(rds_encrypted.deny) with input as testing.one("aws_db_instance", {"storage_encrypted": false})
}

test_silent if {
	testing.silent(rds_encrypted.deny) with input as testing.one("aws_db_instance", {"storage_encrypted": true})
}

test_unknown if {
	testing.unknown(rds_encrypted.deny) with input as testing.one("aws_db_instance", {"storage_encrypted": testing.later})
}
