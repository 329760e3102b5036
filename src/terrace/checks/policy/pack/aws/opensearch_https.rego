# METADATA
# title: A search domain accepts unencrypted requests or old TLS
# description: >-
#   An attacker on the network path can read queries and documents.
# related_resources:
#   - ref: https://docs.aws.amazon.com/opensearch-service/latest/developerguide/infrastructure-security.html
# custom:
#   id: aws-opensearch-https
#   severity: high
#   family: https-only
#   types: [aws_opensearch_domain, aws_elasticsearch_domain]
#   controls: [opensearch_service_domains_https_communications_enforced]
#   remediation: >-
#     domain_endpoint_options { enforce_https = true, tls_security_policy = "Policy-Min-TLS-1-2-PFS-2023-10" }
package terrace.aws.opensearch_https

import rego.v1

import data.terrace.lib

deny contains lib.finding(rego.metadata.chain(), problem) if some problem in lib.must({"aws_opensearch_domain", "aws_elasticsearch_domain"}, ["domain_endpoint_options", 0, "enforce_https"], {true})
