package terrace.aws.elasticache_tls_test

import rego.v1

import data.terrace.aws.elasticache_tls
import data.terrace.testing

test_fires if {
	testing.fails(elasticache_tls.deny) with input as testing.one("aws_elasticache_replication_group", {"transit_encryption_enabled": false})
}

test_silent if {
	testing.silent(elasticache_tls.deny) with input as testing.one("aws_elasticache_replication_group", {"transit_encryption_enabled": true})
}

test_unknown if {
	testing.unknown(elasticache_tls.deny) with input as testing.one("aws_elasticache_replication_group", {"transit_encryption_enabled": testing.later})
}
