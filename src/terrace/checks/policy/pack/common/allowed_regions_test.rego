package terrace.common.allowed_regions_test

import rego.v1

import data.terrace.common.allowed_regions
import data.terrace.testing

test_fires if {
	testing.fails(allowed_regions.deny) with input as testing.under({"allowed_regions": ["westeurope"]}, testing.one("azurerm_resource_group", {"location": "West US"}))
}

test_fires_2 if {
	testing.fails(allowed_regions.deny) with input as testing.under({"allowed_regions": ["eu-west-1"]}, testing.one("aws_s3_bucket", {"region": "us-east-1"}))
}

test_silent if {
	testing.silent(allowed_regions.deny) with input as testing.under({"allowed_regions": ["westeurope"]}, testing.one("azurerm_resource_group", {"location": "West Europe"}))
}

test_silent_2 if {
	testing.silent(allowed_regions.deny) with input as testing.under({"allowed_regions": []}, testing.one("azurerm_resource_group", {"location": "West US"}))
}

test_silent_3 if {
	testing.silent(allowed_regions.deny) with input as testing.under({"allowed_regions": ["westeurope"]}, testing.one("azurerm_dns_zone", {"location": "global"}))
}

test_unknown if {
	testing.unknown(allowed_regions.deny) with input as testing.under({"allowed_regions": ["westeurope"]}, testing.one("azurerm_resource_group", {"location": testing.later}))
}
