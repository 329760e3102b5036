# METADATA
# title: A cluster's secrets are not encrypted with your own key
# description: >-
#   Anyone who can read the disks of the control plane, or a backup of it, can read every secret.
# related_resources:
#   - ref: https://docs.aws.amazon.com/eks/latest/userguide/envelope-encryption.html
# custom:
#   id: aws-eks-secrets
#   severity: medium
#   family: storage-encryption
#   types: [aws_eks_cluster]
#   controls: [eks_cluster_kms_cmk_encryption_in_secrets_enabled]
#   remediation: >-
#     encryption_config { resources = ["secrets"], provider { key_arn = ... } }
package terrace.aws.eks_secrets

import rego.v1

import data.terrace.lib

warn contains lib.finding(rego.metadata.chain(), problem) if some problem in lib.must_be_set({"aws_eks_cluster"}, ["encryption_config"])
