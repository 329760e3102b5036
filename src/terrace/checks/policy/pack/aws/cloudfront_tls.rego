# METADATA
# title: A distribution accepts TLS older than 1.2
# description: >-
#   TLS 1.0 and 1.1 have known weaknesses, and no current browser needs them.
# related_resources:
#   - ref: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/secure-connections-supported-viewer-protocols-ciphers.html
# custom:
#   id: aws-cloudfront-tls
#   severity: medium
#   family: tls-version
#   types: [aws_cloudfront_distribution]
#   controls: [cloudfront_distributions_using_deprecated_ssl_protocols]
#   remediation: >-
#     viewer_certificate { minimum_protocol_version = "TLSv1.2_2021" } with your own certificate: the default
#     certificate allows TLS 1.0.
package terrace.aws.cloudfront_tls

import rego.v1

import data.terrace.lib

warn contains lib.finding(rego.metadata.chain(), problem) if some problem in lib.must({"aws_cloudfront_distribution"}, ["viewer_certificate", "*", "minimum_protocol_version"], {"TLSv1.2_2018", "TLSv1.2_2019", "TLSv1.2_2021", "TLSv1.2_2025", "TLSv1.3_2025"})
