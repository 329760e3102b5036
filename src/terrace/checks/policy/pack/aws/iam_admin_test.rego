package terrace.aws.iam_admin_test

import rego.v1

import data.terrace.aws.iam_admin
import data.terrace.testing

test_fires if {
	testing.fails(iam_admin.deny) with input as testing.one("aws_iam_role_policy_attachment", {"policy_arn": "arn:aws:iam::aws:policy/AdministratorAccess"})
}

test_silent if {
	testing.silent(iam_admin.deny) with input as testing.one("aws_iam_role_policy_attachment", {"policy_arn": "arn:aws:iam::aws:policy/ReadOnlyAccess"})
}

test_unknown if {
	testing.unknown(iam_admin.deny) with input as testing.one("aws_iam_role_policy_attachment", {"policy_arn": testing.later})
}

test_silent_for_a_policy_of_ours if {
	attachment := object.union(
		testing.resource("aws_iam_role_policy_attachment", {"policy_arn": testing.later}),
		{"taken": {"policy_arn": "module.a.aws_iam_policy.it"}},
	)
	testing.silent(iam_admin.deny) with input as testing.plan([attachment])
}
