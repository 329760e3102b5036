# METADATA
# title: A user gets an access key
# description: >-
#   It never expires, is in clear text in the state, and is the most frequently leaked credential.
# related_resources:
#   - ref: https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html#bp-workloads-use-roles
# custom:
#   id: aws-iam-user-key
#   severity: medium
#   family: long-lived-credential
#   types: [aws_iam_access_key]
#   controls: [iam_user_with_temporary_credentials]
#   remediation: >-
#     Use a role: for workloads in AWS directly, for others through OIDC.
package terrace.aws.iam_user_key

import rego.v1

import data.terrace.lib

warn contains lib.finding(rego.metadata.chain(), problem) if {
	some problem in _all(0)
}

_all(_) := {lib.broken(key, sprintf("user %s", [_user(key)])) | some key in lib.after("aws_iam_access_key")}

_user(key) := user if {
	user := lib.known(key, ["user"])
	user != null
} else := "not known yet"
