package terrace.aws.deletion_protection_test

import rego.v1

import data.terrace.aws.deletion_protection
import data.terrace.testing

test_fires if {
	testing.fails(deletion_protection.deny) with input as testing.one("aws_db_instance", {"deletion_protection": false})
}

test_silent if {
	testing.silent(deletion_protection.deny) with input as testing.one("aws_db_instance", {"deletion_protection": true})
}

test_unknown if {
	testing.unknown(deletion_protection.deny) with input as testing.one("aws_db_instance", {"deletion_protection": testing.later})
}

test_fires_2 if {
	testing.fails(deletion_protection.deny) with input as testing.one("aws_dynamodb_table", {"name": "t"})
}

test_silent_2 if {
	testing.silent(deletion_protection.deny) with input as object.union(testing.one("aws_db_instance", {}), {"environment": "dev"})
}
