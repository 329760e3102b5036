package terrace.aws.cloudfront_tls_test

import rego.v1

import data.terrace.aws.cloudfront_tls
import data.terrace.testing

test_fires if {
	testing.fails(cloudfront_tls.warn) with input as testing.one("aws_cloudfront_distribution", {"viewer_certificate": [{"minimum_protocol_version": "TLSv1"}]})
}

test_silent if {
	testing.silent(cloudfront_tls.warn) with input as testing.one("aws_cloudfront_distribution", {"viewer_certificate": [{"minimum_protocol_version": "TLSv1.2_2021"}]})
}

test_unknown if {
	testing.unknown(cloudfront_tls.warn) with input as testing.one("aws_cloudfront_distribution", {"viewer_certificate": [{"minimum_protocol_version": testing.later}]})
}
