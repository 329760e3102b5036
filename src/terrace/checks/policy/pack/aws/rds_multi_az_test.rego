package terrace.aws.rds_multi_az_test

import rego.v1

import data.terrace.aws.rds_multi_az
import data.terrace.testing

test_fires if {
	testing.fails(rds_multi_az.warn) with input as testing.one("aws_db_instance", {"multi_az": false})
}

test_silent if {
	testing.silent(rds_multi_az.warn) with input as testing.one("aws_db_instance", {"multi_az": true})
}

test_unknown if {
	testing.unknown(rds_multi_az.warn) with input as testing.one("aws_db_instance", {"multi_az": testing.later})
}

test_silent_2 if {
	testing.silent(rds_multi_az.warn) with input as object.union(testing.one("aws_db_instance", {}), {"environment": "dev"})
}
