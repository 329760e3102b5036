package terrace.aws.alb_headers_test

import rego.v1

import data.terrace.aws.alb_headers
import data.terrace.testing

test_fires if {
	testing.fails(alb_headers.warn) with input as testing.one("aws_lb", {"drop_invalid_header_fields": false})
}

test_silent if {
	testing.silent(alb_headers.warn) with input as testing.one("aws_lb", {"drop_invalid_header_fields": true})
}

test_unknown if {
	testing.unknown(alb_headers.warn) with input as testing.one("aws_lb", {"drop_invalid_header_fields": testing.later})
}

test_silent_2 if {
	testing.silent(alb_headers.warn) with input as testing.one("aws_lb", {"load_balancer_type": "network"})
}
