package terrace.aws.eks_public_test

import rego.v1

import data.terrace.aws.eks_public
import data.terrace.testing

test_fires if {
	testing.fails(eks_public.deny) with input as testing.one("aws_eks_cluster", {"vpc_config": [{"endpoint_public_access": true, "public_access_cidrs": ["0.0.0.0/0"]}]})
}

test_fires_2 if {
	testing.fails(eks_public.deny) with input as testing.one("aws_eks_cluster", {"vpc_config": [{}]})
}

test_silent if {
	testing.silent(eks_public.deny) with input as testing.one("aws_eks_cluster", {"vpc_config": [{"endpoint_public_access": false}]})
}

test_silent_2 if {
	testing.silent(eks_public.deny) with input as testing.one("aws_eks_cluster", {"vpc_config": [{"endpoint_public_access": true, "public_access_cidrs": ["192.0.2.0/24"]}]})
}

test_unknown if {
	testing.unknown(eks_public.deny) with input as testing.one("aws_eks_cluster", {"vpc_config": [{"endpoint_public_access": true, "public_access_cidrs": testing.later}]})
}

test_unknown_2 if {
	testing.unknown(eks_public.deny) with input as testing.one("aws_eks_cluster", {"vpc_config": [{"endpoint_public_access": testing.later}]})
}
