package terrace.common.required_tags_test

import rego.v1

import data.terrace.common.required_tags
import data.terrace.testing

test_fires if {
	testing.fails(required_tags.warn) with input as testing.one("aws_vpc", {"tags": null, "tags_all": {"Environment": "prod"}})
}

test_fires_2 if {
	testing.fails(required_tags.warn) with input as testing.one("aws_vpc", {"tags": {"Environment": "prod", "Owner": "", "CostCenter": "1", "Project": "x"}, "tags_all": {"Environment": "prod", "Owner": "", "CostCenter": "1", "Project": "x"}})
}

test_fires_3 if {
	testing.fails(required_tags.warn) with input as testing.one("azurerm_resource_group", {"tags": null})
}

test_fires_4 if {
	testing.fails(required_tags.warn) with input as testing.one("aws_autoscaling_group", {"tag": [{"key": "Owner", "value": "ann"}]})
}

test_fires_5 if {
	testing.fails(required_tags.warn) with input as testing.one("awscc_s3_bucket", {"tags": [{"key": "Owner", "value": "ann"}]})
}

test_silent if {
	testing.silent(required_tags.warn) with input as testing.one("aws_vpc", {"tags": null, "tags_all": {"Environment": "prod", "Owner": "ann", "CostCenter": "1", "Project": "x"}})
}

test_silent_2 if {
	testing.silent(required_tags.warn) with input as testing.one("azurerm_resource_group", {"tags": {"environment": "prod", "owner": "ann", "costcenter": "1", "project": "x"}})
}

test_silent_3 if {
	testing.silent(required_tags.warn) with input as testing.one("aws_route", {"destination_cidr_block": "0.0.0.0/0"})
}

test_silent_4 if {
	testing.silent(required_tags.warn) with input as testing.one("aws_vpc", {"tags": {"Environment": "prod", "Owner": "ann", "CostCenter": "1", "Project": "x"}, "tags_all": testing.later})
}

test_silent_5 if {
	testing.silent(required_tags.warn) with input as testing.one("aws_autoscaling_group", {"tag": [{"key": "Environment", "value": "prod"}, {"key": "Owner", "value": "ann"}, {"key": "CostCenter", "value": "1"}, {"key": "Project", "value": "x"}]})
}

test_fires_6 if {
	testing.fails(required_tags.warn) with input as testing.one("aws_vpc", {"tags": null, "tags_all": testing.later})
}

test_fires_7 if {
	testing.fails(required_tags.warn) with input as testing.one("aws_vpc", {"tags": {"Owner": "ann"}, "tags_all": testing.later})
}

test_unknown if {
	testing.unknown(required_tags.warn) with input as testing.one("aws_vpc", {"tags": testing.later, "tags_all": testing.later})
}

test_unknown_2 if {
	testing.unknown(required_tags.warn) with input as testing.one("azurerm_resource_group", {"tags": {"Environment": "prod", "Owner": testing.later, "CostCenter": "1", "Project": "x"}})
}
