# METADATA
# title: Anyone can assume a role
# description: >-
#   Any AWS account can assume it.
# related_resources:
#   - ref: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create_for-user.html
# custom:
#   id: aws-iam-assume-role
#   severity: critical
#   family: iam-public
#   types: [aws_iam_role]
#   controls: [iam_no_custom_policy_permissive_role_assumption]
#   remediation: >-
#     Set the account, role or service as Principal; for third parties add a condition on sts:ExternalId.
package terrace.aws.iam_assume_role

import rego.v1

import data.terrace.lib
import data.terrace.lib.iam

deny contains lib.finding(rego.metadata.chain(), problem) if {
	some problem in _broken(0)
}

deny contains lib.finding(rego.metadata.chain(), problem) if {
	some problem in iam.unread({"aws_iam_role"}, ["assume_role_policy"])
}

deny contains lib.finding(rego.metadata.chain(), problem) if {
	some problem in _doubtful(0)
}

_broken(_) := {lib.broken(one.resource, sprintf("%s allows every principal", [iam.name_of(statement)])) |
	some one in iam.documents({"aws_iam_role"}, ["assume_role_policy"])
	some statement in iam.allowing(one.document)
	iam.anybody(statement)
}

_doubtful(_) := {iam.doubtful(one.resource, statement, "the principal") |
	some one in iam.documents({"aws_iam_role"}, ["assume_role_policy"])
	some statement in iam.allowing(one.document)
	not iam.anybody(statement)
	iam.perhaps_anybody(statement)
}
