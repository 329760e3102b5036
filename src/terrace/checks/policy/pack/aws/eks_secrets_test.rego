package terrace.aws.eks_secrets_test

import rego.v1

import data.terrace.aws.eks_secrets
import data.terrace.testing

test_fires if {
	testing.fails(eks_secrets.warn) with input as testing.one("aws_eks_cluster", {"encryption_config": []})
}

test_silent if {
	testing.silent(eks_secrets.warn) with input as testing.one("aws_eks_cluster", {"encryption_config": [{"resources": ["secrets"]}]})
}

test_unknown if {
	testing.unknown(eks_secrets.warn) with input as testing.one("aws_eks_cluster", {"encryption_config": testing.later})
}
