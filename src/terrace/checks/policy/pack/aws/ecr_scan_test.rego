package terrace.aws.ecr_scan_test

import rego.v1

import data.terrace.aws.ecr_scan
import data.terrace.testing

test_fires if {
	testing.fails(ecr_scan.warn) with input as testing.one("aws_ecr_repository", {"image_scanning_configuration": [{"scan_on_push": false}]})
}

test_silent if {
	testing.silent(ecr_scan.warn) with input as testing.one("aws_ecr_repository", {"image_scanning_configuration": [{"scan_on_push": true}]})
}

test_unknown if {
	testing.unknown(ecr_scan.warn) with input as testing.one("aws_ecr_repository", {"image_scanning_configuration": [{"scan_on_push": testing.later}]})
}
