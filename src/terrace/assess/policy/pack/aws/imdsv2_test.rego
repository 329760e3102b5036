package terrace.aws.imdsv2_test

import rego.v1

import data.terrace.aws.imdsv2
import data.terrace.testing

test_fires if {
	testing.fails(imdsv2.deny) with input as testing.one("aws_instance", {"metadata_options": [{"http_tokens": "optional"}]})
}

test_silent if {
	testing.silent(imdsv2.deny) with input as testing.one("aws_instance", {"metadata_options": [{"http_tokens": "required"}]})
}

test_unknown if {
	testing.unknown(imdsv2.deny) with input as testing.one("aws_instance", {"metadata_options": [{"http_tokens": testing.later}]})
}
