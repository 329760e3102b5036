# METADATA
# title: A secret is never rotated
# description: >-
#   A leaked secret stays valid forever.
# related_resources:
#   - ref: https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotating-secrets.html
# custom:
#   id: aws-secret-rotation
#   severity: medium
#   family: secret-expiry
#   types: [aws_secretsmanager_secret, aws_secretsmanager_secret_rotation]
#   controls: [secretsmanager_automatic_rotation_enabled]
#   remediation: >-
#     Add an aws_secretsmanager_secret_rotation for it.
package terrace.aws.secret_rotation

import rego.v1

import data.terrace.lib

warn contains lib.finding(rego.metadata.chain(), problem) if {
	some problem in _lacking(0)
}

_lacking(_) := {problem |
	some secret in lib.after("aws_secretsmanager_secret")
	some problem in lib.lacking(secret, "aws_secretsmanager_secret_rotation", "secret_id")
}
