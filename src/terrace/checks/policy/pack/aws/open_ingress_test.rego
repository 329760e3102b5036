package terrace.aws.open_ingress_test

import rego.v1

import data.terrace.aws.open_ingress
import data.terrace.testing

test_fires if {
	testing.fails(open_ingress.deny) with input as testing.one("aws_security_group", {"ingress": [{"from_port": 22, "to_port": 22, "protocol": "tcp", "cidr_blocks": ["10.0.0.0/8", "0.0.0.0/0"]}]})
}

test_fires_2 if {
	testing.fails(open_ingress.deny) with input as testing.one("aws_security_group", {"ingress": [{"from_port": 20, "to_port": 30, "protocol": "tcp", "ipv6_cidr_blocks": ["::/0"]}]})
}

test_fires_3 if {
	testing.fails(open_ingress.deny) with input as testing.one("aws_security_group", {"ingress": [{"from_port": 22, "to_port": 22, "protocol": "tcp", "cidr_blocks": ["0.0.0.0/1", "128.0.0.0/1"]}]})
}

test_fires_4 if {
	testing.fails(open_ingress.deny) with input as testing.one("aws_security_group", {"ingress": [{"from_port": 0, "to_port": 0, "protocol": "-1", "cidr_blocks": ["0.0.0.0/0"]}]})
}

test_fires_5 if {
	testing.fails(open_ingress.deny) with input as testing.one("aws_security_group_rule", {"type": "ingress", "from_port": 3389, "to_port": 3389, "protocol": "tcp", "cidr_blocks": ["0.0.0.0/0"]})
}

test_fires_6 if {
	testing.fails(open_ingress.deny) with input as testing.one("aws_vpc_security_group_ingress_rule", {"ip_protocol": "-1", "cidr_ipv4": "0.0.0.0/0"})
}

test_fires_7 if {
	testing.fails(open_ingress.deny) with input as testing.one("aws_vpc_security_group_ingress_rule", {"ip_protocol": "tcp", "from_port": 22, "to_port": 22, "cidr_ipv6": "::/0"})
}

test_silent if {
	testing.silent(open_ingress.deny) with input as testing.one("aws_security_group", {"ingress": [{"from_port": 22, "to_port": 22, "protocol": "tcp", "cidr_blocks": ["10.0.0.0/8"]}, {"from_port": 443, "to_port": 443, "protocol": "tcp", "cidr_blocks": ["0.0.0.0/0"]}]})
}

test_silent_2 if {
	testing.silent(open_ingress.deny) with input as testing.one("aws_security_group_rule", {"type": "egress", "from_port": 0, "to_port": 0, "protocol": "-1", "cidr_blocks": ["0.0.0.0/0"]})
}

test_unknown if {
	testing.unknown(open_ingress.deny) with input as testing.one("aws_security_group", {"ingress": testing.later})
}

test_unknown_2 if {
	testing.unknown(open_ingress.deny) with input as testing.one("aws_security_group", {"ingress": [{"from_port": 22, "to_port": 22, "protocol": "tcp", "cidr_blocks": testing.later}]})
}

test_unknown_3 if {
	testing.unknown(open_ingress.deny) with input as testing.one("aws_vpc_security_group_ingress_rule", {"ip_protocol": "tcp", "from_port": 22, "to_port": 22, "cidr_ipv4": testing.later})
}

test_unknown_4 if {
	testing.unknown(open_ingress.deny) with input as testing.one("aws_security_group_rule", {"type": "ingress", "from_port": 22, "to_port": 22, "protocol": "tcp", "cidr_blocks": [testing.later]})
}
