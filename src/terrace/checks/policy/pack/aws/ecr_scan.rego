# METADATA
# title: Images are not scanned when they are pushed
# description: >-
#   Attackers find known vulnerabilities before you do.
# related_resources:
#   - ref: https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning.html
# custom:
#   id: aws-ecr-scan
#   severity: low
#   family: image-integrity
#   types: [aws_ecr_repository]
#   controls: [ecr_repositories_scan_images_on_push_enabled]
#   remediation: >-
#     image_scanning_configuration { scan_on_push = true }, or scan the whole registry
#     (aws_ecr_registry_scanning_configuration).
package terrace.aws.ecr_scan

import rego.v1

import data.terrace.lib

warn contains lib.finding(rego.metadata.chain(), problem) if some problem in lib.must({"aws_ecr_repository"}, ["image_scanning_configuration", 0, "scan_on_push"], {true})
