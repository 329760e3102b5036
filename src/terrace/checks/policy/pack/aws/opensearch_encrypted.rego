# METADATA
# title: A search domain is not encrypted
# description: >-
#   It contains logs and copies of data that other systems protect.
# related_resources:
#   - ref: https://docs.aws.amazon.com/opensearch-service/latest/developerguide/encryption-at-rest.html
# custom:
#   id: aws-opensearch-encrypted
#   severity: high
#   family: database-encryption
#   types: [aws_opensearch_domain, aws_elasticsearch_domain]
#   controls:
#     - opensearch_service_domains_encryption_at_rest_enabled
#     - opensearch_service_domains_node_to_node_encryption_enabled
#   remediation: >-
#     encrypt_at_rest { enabled = true } and node_to_node_encryption { enabled = true }
package terrace.aws.opensearch_encrypted

import rego.v1

import data.terrace.lib

deny contains lib.finding(rego.metadata.chain(), problem) if some problem in problems(0)

problems(_) := {problem |
	some block in {"encrypt_at_rest", "node_to_node_encryption"}
	some problem in lib.must({"aws_opensearch_domain", "aws_elasticsearch_domain"}, [block, 0, "enabled"], {true})
}
