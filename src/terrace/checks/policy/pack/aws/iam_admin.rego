# METADATA
# title: AdministratorAccess is attached
# description: >-
#   Anyone with these credentials controls the account.
# related_resources:
#   - ref: https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AdministratorAccess.html
# custom:
#   id: aws-iam-admin
#   severity: high
#   family: iam-wildcard
#   types:
#     - aws_iam_role_policy_attachment
#     - aws_iam_user_policy_attachment
#     - aws_iam_group_policy_attachment
#     - aws_iam_policy_attachment
#   controls:
#     - iam_aws_attached_policy_no_administrative_privileges
#     - iam_role_administratoraccess_policy
#     - iam_user_administrator_access_policy
#     - iam_group_administrator_access_policy
#   remediation: >-
#     Attach a policy with only the required permissions.
package terrace.aws.iam_admin

import rego.v1

import data.terrace.lib

deny contains lib.finding(rego.metadata.chain(), problem) if some problem in problems(0)

problems(_) := {problem |
	some problem in lib.must_not({"aws_iam_role_policy_attachment", "aws_iam_user_policy_attachment", "aws_iam_group_policy_attachment", "aws_iam_policy_attachment"}, ["policy_arn"], {"arn:aws:iam::aws:policy/AdministratorAccess", "arn:aws:iam::aws:policy/IAMFullAccess"})
	not _of_ours(problem)
}

# A policy that this configuration makes is judged itself, and is none of those of AWS.
_of_ours(problem) if {
	problem.status == "unknown"
	contains(sprintf(".%s", [problem.resource.taken.policy_arn]), ".aws_iam_policy.")
}
