package terrace.aws.alb_https_test

import rego.v1

import data.terrace.aws.alb_https
import data.terrace.testing

test_fires if {
	testing.fails(alb_https.deny) with input as testing.one("aws_lb_listener", {"protocol": "HTTP"})
}

test_silent if {
	testing.silent(alb_https.deny) with input as testing.one("aws_lb_listener", {"protocol": "HTTPS"})
}

test_unknown if {
	testing.unknown(alb_https.deny) with input as testing.one("aws_lb_listener", {"protocol": testing.later})
}

test_silent_2 if {
	testing.silent(alb_https.deny) with input as testing.one("aws_lb_listener", {"protocol": "HTTP", "default_action": [{"type": "redirect", "redirect": [{"protocol": "HTTPS"}]}]})
}

test_fires_2 if {
	testing.fails(alb_https.deny) with input as testing.one("aws_lb_listener", {"protocol": "HTTP", "default_action": [{"type": "redirect", "redirect": [{"protocol": "#{protocol}"}]}]})
}

test_fires_3 if {
	testing.fails(alb_https.deny) with input as testing.one("aws_lb_listener", {"protocol": "HTTP", "default_action": [{"type": "forward"}]})
}
