package terrace.aws.mq_public_test

import rego.v1

import data.terrace.aws.mq_public
import data.terrace.testing

test_fires if {
	testing.fails(mq_public.deny) with input as testing.one("aws_mq_broker", {"publicly_accessible": true})
}

test_silent if {
	testing.silent(mq_public.deny) with input as testing.one("aws_mq_broker", {"publicly_accessible": false})
}

test_unknown if {
	testing.unknown(mq_public.deny) with input as testing.one("aws_mq_broker", {"publicly_accessible": testing.later})
}
