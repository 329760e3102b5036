package terrace.aws.public_ip_test

import rego.v1

import data.terrace.aws.public_ip
import data.terrace.testing

test_fires if {
	testing.fails(public_ip.warn) with input as testing.one("aws_instance", {"associate_public_ip_address": true})
}

test_silent if {
	testing.silent(public_ip.warn) with input as testing.one("aws_instance", {"associate_public_ip_address": false})
}

test_unknown if {
	testing.unknown(public_ip.warn) with input as testing.one("aws_instance", {"associate_public_ip_address": testing.later})
}

test_fires_2 if {
	testing.fails(public_ip.warn) with input as testing.one("aws_launch_template", {"network_interfaces": [{"associate_public_ip_address": "true"}]})
}

test_fires_3 if {
	testing.fails(public_ip.warn) with input as testing.one("aws_subnet", {"map_public_ip_on_launch": true})
}
