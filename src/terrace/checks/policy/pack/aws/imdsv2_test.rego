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

test_fires_where_nothing_is_set if {
	created := object.union(testing.resource("aws_instance", {"metadata_options": testing.unset}), {"defaults": {"metadata_options.http_tokens": "optional"}})
	testing.fails(imdsv2.deny) with input as testing.plan([created])
}

test_silent_where_the_service_is_off if {
	testing.silent(imdsv2.deny) with input as testing.one("aws_instance", {"metadata_options": [{"http_endpoint": "disabled"}]})
}

test_unknown_where_it_may_be_off if {
	testing.unknown(imdsv2.deny) with input as testing.one("aws_instance", {"metadata_options": [{"http_endpoint": testing.later, "http_tokens": testing.later}]})
}

test_silent_where_the_launch_template_decides if {
	created := object.union(testing.resource("aws_instance", {"metadata_options": testing.unset}), {"origins": {"launch_template": ["aws_launch_template.it"]}})
	testing.silent(imdsv2.deny) with input as testing.plan([created])
}
