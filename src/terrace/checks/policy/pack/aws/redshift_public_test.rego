package terrace.aws.redshift_public_test

import rego.v1

import data.terrace.aws.redshift_public
import data.terrace.testing

test_fires if {
	testing.fails(redshift_public.deny) with input as testing.one("aws_redshift_cluster", {"publicly_accessible": true})
}

test_silent if {
	testing.silent(redshift_public.deny) with input as testing.one("aws_redshift_cluster", {"publicly_accessible": false})
}

test_unknown if {
	testing.unknown(redshift_public.deny) with input as testing.one("aws_redshift_cluster", {"publicly_accessible": testing.later})
}
