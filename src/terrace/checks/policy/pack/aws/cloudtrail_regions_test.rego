package terrace.aws.cloudtrail_regions_test

import rego.v1

import data.terrace.aws.cloudtrail_regions
import data.terrace.testing

test_fires if {
	testing.fails(cloudtrail_regions.deny) with input as testing.one("aws_cloudtrail", {"is_multi_region_trail": false})
}

test_silent if {
	testing.silent(cloudtrail_regions.deny) with input as testing.one("aws_cloudtrail", {"is_multi_region_trail": true})
}

test_unknown if {
	testing.unknown(cloudtrail_regions.deny) with input as testing.one("aws_cloudtrail", {"is_multi_region_trail": testing.later})
}
