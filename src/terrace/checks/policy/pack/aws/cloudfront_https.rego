# METADATA
# title: A distribution serves unencrypted pages
# description: >-
#   An attacker on the network path can read and change pages.
# related_resources:
#   - ref: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-https-viewers-to-cloudfront.html
# custom:
#   id: aws-cloudfront-https
#   severity: high
#   family: https-only
#   types: [aws_cloudfront_distribution]
#   controls: [cloudfront_distributions_https_enabled]
#   remediation: >-
#     Set viewer_protocol_policy = "redirect-to-https" in every cache behavior.
package terrace.aws.cloudfront_https

import rego.v1

import data.terrace.lib

deny contains lib.finding(rego.metadata.chain(), problem) if {
	some problem in lib.must_not({"aws_cloudfront_distribution"}, ["default_cache_behavior", "*", "viewer_protocol_policy"], {"allow-all"})
}

deny contains lib.finding(rego.metadata.chain(), problem) if {
	some problem in lib.must_not({"aws_cloudfront_distribution"}, ["ordered_cache_behavior", "*", "viewer_protocol_policy"], {"allow-all"})
}
