package terrace.common.allowed_regions_test

import rego.v1

import data.terrace.common.allowed_regions
import data.terrace.testing

test_fires if {
	testing.fails(allowed_regions.deny) with input as testing.one("azurerm_resource_group", {"location": "West US"}) with data.terrace.settings.allowed_regions as ["westeurope"]
}

test_fires_2 if {
	testing.fails(allowed_regions.deny) with input as testing.one("aws_s3_bucket", {"region": "us-east-1"}) with data.terrace.settings.allowed_regions as ["eu-west-1"]
}

test_silent if {
	testing.silent(allowed_regions.deny) with input as testing.one("azurerm_resource_group", {"location": "West Europe"}) with data.terrace.settings.allowed_regions as ["westeurope"]
}

test_silent_2 if {
	testing.silent(allowed_regions.deny) with input as testing.one("azurerm_resource_group", {"location": "West US"}) with data.terrace.settings.allowed_regions as []
}

test_silent_3 if {
	testing.silent(allowed_regions.deny) with input as testing.one("azurerm_dns_zone", {"location": "global"}) with data.terrace.settings.allowed_regions as ["westeurope"]
}

test_unknown if {
	testing.unknown(allowed_regions.deny) with input as testing.one("azurerm_resource_group", {"location": testing.later}) with data.terrace.settings.allowed_regions as ["westeurope"]
}
