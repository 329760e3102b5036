package terrace.aws.elasticache_encrypted_test

import rego.v1

import data.terrace.aws.elasticache_encrypted
import data.terrace.testing

test_fires if {
	testing.fails(elasticache_encrypted.deny) with input as testing.one("aws_elasticache_replication_group", {"at_rest_encryption_enabled": false})
}

test_silent if {
	testing.silent(elasticache_encrypted.deny) with input as testing.one("aws_elasticache_replication_group", {"at_rest_encryption_enabled": true})
}

test_unknown if {
	testing.unknown(elasticache_encrypted.deny) with input as testing.one("aws_elasticache_replication_group", {"at_rest_encryption_enabled": testing.later})
}
