package terrace.aws.cloudfront_https_test

import rego.v1

import data.terrace.aws.cloudfront_https
import data.terrace.testing

test_fires if {
	testing.fails(cloudfront_https.deny) with input as testing.one("aws_cloudfront_distribution", {"default_cache_behavior": [{"viewer_protocol_policy": "allow-all"}]})
}

test_fires_2 if {
	testing.fails(cloudfront_https.deny) with input as testing.one("aws_cloudfront_distribution", {"ordered_cache_behavior": [{"viewer_protocol_policy": "https-only"}, {"viewer_protocol_policy": "allow-all"}]})
}

test_silent if {
	testing.silent(cloudfront_https.deny) with input as testing.one("aws_cloudfront_distribution", {"default_cache_behavior": [{"viewer_protocol_policy": "redirect-to-https"}]})
}

test_unknown if {
	testing.unknown(cloudfront_https.deny) with input as testing.one("aws_cloudfront_distribution", {"default_cache_behavior": [{"viewer_protocol_policy": testing.later}]})
}

test_silent_2 if {
	testing.silent(cloudfront_https.deny) with input as testing.one("aws_cloudfront_distribution", {"ordered_cache_behavior": [{"viewer_protocol_policy": "https-only"}]})
}
