package terrace.aws.opensearch_https_test

import rego.v1

import data.terrace.aws.opensearch_https
import data.terrace.testing

test_fires if {
	testing.fails(opensearch_https.deny) with input as testing.one("aws_opensearch_domain", {"domain_endpoint_options": [{"enforce_https": false}]})
}

test_silent if {
	testing.silent(opensearch_https.deny) with input as testing.one("aws_opensearch_domain", {"domain_endpoint_options": [{"enforce_https": true}]})
}

test_unknown if {
	testing.unknown(opensearch_https.deny) with input as testing.one("aws_opensearch_domain", {"domain_endpoint_options": [{"enforce_https": testing.later}]})
}
