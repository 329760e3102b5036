package terrace.aws.open_egress_test

import rego.v1

import data.terrace.aws.open_egress
import data.terrace.testing

test_fires if {
	testing.fails(open_egress.warn) with input as testing.one("aws_security_group", {"egress": [{"from_port": 0, "to_port": 0, "protocol": "-1", "cidr_blocks": ["0.0.0.0/0"]}]})
}

test_fires_2 if {
	testing.fails(open_egress.warn) with input as testing.one("aws_security_group_rule", {"type": "egress", "protocol": "-1", "cidr_blocks": ["0.0.0.0/0"]})
}

test_fires_3 if {
	testing.fails(open_egress.warn) with input as testing.one("aws_vpc_security_group_egress_rule", {"ip_protocol": "-1", "cidr_ipv4": "0.0.0.0/0"})
}

test_silent if {
	testing.silent(open_egress.warn) with input as testing.one("aws_security_group", {"egress": [{"from_port": 443, "to_port": 443, "protocol": "tcp", "cidr_blocks": ["0.0.0.0/0"]}]})
}

test_unknown if {
	testing.unknown(open_egress.warn) with input as testing.one("aws_security_group", {"egress": testing.later})
}
