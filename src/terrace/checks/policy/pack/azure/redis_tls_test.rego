package terrace.azure.redis_tls_test

import rego.v1

import data.terrace.azure.redis_tls
import data.terrace.testing

test_fires if {
	testing.fails(redis_tls.deny) with input as testing.one("azurerm_redis_cache", {"non_ssl_port_enabled": true})
}

test_silent if {
	testing.silent(redis_tls.deny) with input as testing.one("azurerm_redis_cache", {"non_ssl_port_enabled": false})
}

test_unknown if {
	testing.unknown(redis_tls.deny) with input as testing.one("azurerm_redis_cache", {"non_ssl_port_enabled": testing.later})
}

test_fires_2 if {
	testing.fails(redis_tls.deny) with input as testing.one("azurerm_redis_cache", {"enable_non_ssl_port": true})
}

test_fires_3 if {
	testing.fails(redis_tls.deny) with input as testing.one("azurerm_redis_cache", {"minimum_tls_version": "1.0"})
}
