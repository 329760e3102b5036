package terrace.azure.messaging_tls_test

import rego.v1

import data.terrace.azure.messaging_tls
import data.terrace.testing

test_fires if {
	testing.fails(messaging_tls.warn) with input as testing.one("azurerm_servicebus_namespace", {"minimum_tls_version": "1.0"})
}

test_silent if {
	testing.silent(messaging_tls.warn) with input as testing.one("azurerm_servicebus_namespace", {"minimum_tls_version": "1.2"})
}

test_unknown if {
	testing.unknown(messaging_tls.warn) with input as testing.one("azurerm_servicebus_namespace", {"minimum_tls_version": testing.later})
}
