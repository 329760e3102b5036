package terrace.aws.eks_logging_test

import rego.v1

import data.terrace.aws.eks_logging
import data.terrace.testing

test_fires if {
	testing.fails(eks_logging.warn) with input as testing.one("aws_eks_cluster", {"enabled_cluster_log_types": ["api"]})
}

test_silent if {
	testing.silent(eks_logging.warn) with input as testing.one("aws_eks_cluster", {"enabled_cluster_log_types": ["api", "audit", "authenticator"]})
}

test_unknown if {
	testing.unknown(eks_logging.warn) with input as testing.one("aws_eks_cluster", {"enabled_cluster_log_types": testing.later})
}

test_fires_2 if {
	testing.fails(eks_logging.warn) with input as testing.one("aws_eks_cluster", {"name": "c"})
}
