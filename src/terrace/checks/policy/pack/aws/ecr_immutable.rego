# METADATA
# title: An image tag can be moved to another image
# description: >-
#   The image that runs under a tag can differ from the one that was tested.
# related_resources:
#   - ref: https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html
# custom:
#   id: aws-ecr-immutable
#   severity: medium
#   family: image-integrity
#   types: [aws_ecr_repository]
#   controls: [ecr_repositories_tag_immutability]
#   remediation: >-
#     Set image_tag_mutability = "IMMUTABLE".
package terrace.aws.ecr_immutable

import rego.v1

import data.terrace.lib

warn contains lib.finding(rego.metadata.chain(), problem) if some problem in lib.must({"aws_ecr_repository"}, ["image_tag_mutability"], {"IMMUTABLE", "IMMUTABLE_WITH_EXCLUSION"})
