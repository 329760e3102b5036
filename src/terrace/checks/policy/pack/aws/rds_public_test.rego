package terrace.aws.rds_public_test

import rego.v1

import data.terrace.aws.rds_public
import data.terrace.testing

test_fires if {
	testing.fails(rds_public.deny) with input as testing.one("aws_db_instance", {"publicly_accessible": true})
}

test_silent if {
	testing.silent(rds_public.deny) with input as testing.one("aws_db_instance", {"publicly_accessible": false})
}

test_unknown if {
	testing.unknown(rds_public.deny) with input as testing.one("aws_db_instance", {"publicly_accessible": testing.later})
}
