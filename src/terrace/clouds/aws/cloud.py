"""Everything that Terrace knows about AWS."""

from __future__ import annotations

from terrace.clouds.aws import families, renamed, types
from terrace.clouds.aws.backends import S3
from terrace.clouds.aws.defaults import DEFAULTS
from terrace.clouds.cloud import Cloud, SharedIdentifier, WorkloadIdentity

AWS = Cloud(
    name="aws",
    title="AWS",
    providers=("aws",),
    stateful_types=types.STATEFUL,
    security_types=types.SECURITY,
    rights_types=types.RIGHTS,
    covered_types=("aws_", "awscc_"),
    defaults=DEFAULTS,
    renamed_types=renamed.TYPES,
    renamed_arguments=renamed.ARGUMENTS,
    families={"checkov": families.CHECKOV, "trivy": families.TRIVY},
    shared_identifiers=(SharedIdentifier(("aws_s3_bucket_*",), ("id", "bucket"), "bucket"),),
    policy_documents=("aws_iam_policy_document",),
    backends={"s3": S3},
    account="AWS account",
    account_arguments={"aws": ()},
    credential_hints=(("No valid credential sources", "AWS_PROFILE"),),
    variables={
        "aws": (
            "AWS_PROFILE",
            "AWS_REGION",
            "AWS_ACCESS_KEY_ID",
            "AWS_SECRET_ACCESS_KEY",
            "AWS_SESSION_TOKEN",
            "AWS_DEFAULT_REGION",
            "AWS_ROLE_ARN",
            "AWS_WEB_IDENTITY_TOKEN_FILE",
            "AWS_CONFIG_FILE",
            "AWS_SHARED_CREDENTIALS_FILE",
            "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
            "AWS_CONTAINER_CREDENTIALS_FULL_URI",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
            "AWS_ENDPOINT_URL",
        )
    },
    workload_identity=WorkloadIdentity(
        reads=("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_REGION"),
        variable="TERRACE_AWS_ROLE",
        once=('gh variable set TERRACE_AWS_REGION --body "$AWS_REGION"',),
    ),
)
