package terrace.aws.alb_tls_test

import rego.v1

import data.terrace.aws.alb_tls
import data.terrace.testing

test_fires if {
	testing.fails(alb_tls.deny) with input as testing.one("aws_lb_listener", {"protocol": "HTTPS", "ssl_policy": "ELBSecurityPolicy-2016-08"})
}

test_fires_2 if {
	testing.fails(alb_tls.deny) with input as testing.one("aws_lb_listener", {"protocol": "HTTPS", "ssl_policy": "ELBSecurityPolicy-TLS-1-1-2017-01"})
}

test_fires_3 if {
	testing.fails(alb_tls.deny) with input as testing.one("aws_lb_listener", {"protocol": "TLS", "ssl_policy": "ELBSecurityPolicy-TLS13-1-0-2021-06"})
}

test_silent if {
	testing.silent(alb_tls.deny) with input as testing.one("aws_lb_listener", {"protocol": "HTTPS", "ssl_policy": "ELBSecurityPolicy-TLS13-1-2-2021-06"})
}

test_silent_2 if {
	testing.silent(alb_tls.deny) with input as testing.one("aws_lb_listener", {"protocol": "HTTPS", "ssl_policy": "ELBSecurityPolicy-FS-1-2-Res-2020-10"})
}

test_silent_3 if {
	testing.silent(alb_tls.deny) with input as testing.one("aws_lb_listener", {"protocol": "HTTP"})
}

test_unknown if {
	testing.unknown(alb_tls.deny) with input as testing.one("aws_lb_listener", {"protocol": "HTTPS", "ssl_policy": testing.later})
}
