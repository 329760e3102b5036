package terrace.aws.opensearch_encrypted_test

import rego.v1

import data.terrace.aws.opensearch_encrypted
import data.terrace.testing

test_fires if {
	testing.fails(opensearch_encrypted.deny) with input as testing.one("aws_opensearch_domain", {"encrypt_at_rest": [{"enabled": false}], "node_to_node_encryption": [{"enabled": true}]})
}

test_fires_2 if {
	testing.fails(opensearch_encrypted.deny) with input as testing.one("aws_opensearch_domain", {"encrypt_at_rest": [{"enabled": true}], "node_to_node_encryption": []})
}

test_silent if {
	testing.silent(opensearch_encrypted.deny) with input as testing.one("aws_opensearch_domain", {"encrypt_at_rest": [{"enabled": true}], "node_to_node_encryption": [{"enabled": true}]})
}

test_unknown if {
	testing.unknown(opensearch_encrypted.deny) with input as testing.one("aws_opensearch_domain", {"encrypt_at_rest": testing.later, "node_to_node_encryption": [{"enabled": true}]})
}
