# METADATA
# title: A policy allows everything
# description: >-
#   Anyone with these credentials controls the account.
# related_resources:
#   - ref: https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html#grant-least-privilege
# custom:
#   id: aws-iam-wildcard
#   severity: critical
#   family: iam-wildcard
#   types: [aws_iam_policy, aws_iam_role_policy, aws_iam_user_policy, aws_iam_group_policy]
#   controls:
#     - iam_customer_attached_policy_no_administrative_privileges
#     - iam_customer_unattached_policy_no_administrative_privileges
#     - iam_inline_policy_no_administrative_privileges
#   remediation: >-
#     List only the required actions and resources; IAM Access Analyzer can generate the list from past use.
package terrace.aws.iam_wildcard

import rego.v1

import data.terrace.lib
import data.terrace.lib.iam

deny contains lib.finding(rego.metadata.chain(), problem) if {
	some problem in _broken(0)
}

deny contains lib.finding(rego.metadata.chain(), problem) if {
	some problem in iam.unread(_types, ["policy"])
}

deny contains lib.finding(rego.metadata.chain(), problem) if {
	some problem in _doubtful(0)
}

_types := {"aws_iam_policy", "aws_iam_role_policy", "aws_iam_user_policy", "aws_iam_group_policy"}

_broken(_) := {lib.broken(one.resource, sprintf("%s allows every action on every resource", [iam.name_of(statement)])) |
	some one in iam.documents(_types, ["policy"])
	some statement in iam.allowing(one.document)
	iam.all_powerful(statement)
}

_doubtful(_) := {iam.doubtful(one.resource, statement, "an action or resource") |
	some one in iam.documents(_types, ["policy"])
	some statement in iam.allowing(one.document)
	not iam.all_powerful(statement)
	iam.perhaps_powerful(statement)
}
