"""Types and arguments that newer providers of AWS call differently, or no longer have.

Data from the upgrade guides and schemas of the providers.
"""

from __future__ import annotations

from terrace.clouds.cloud import Replacement, Where, rename_arguments

TYPES: dict[tuple[Where, str], Replacement] = {
    ("data", "aws_s3_bucket_object"): ("`aws_s3_object`", "aws 4"),
    ("data", "aws_s3_bucket_objects"): ("`aws_s3_objects`", "aws 4"),
    ("data", "aws_subnet_ids"): ("`aws_subnets`", "aws 4"),
    ("resource", "aws_s3_bucket_object"): ("`aws_s3_object`", "aws 4"),
    ("resource", "aws_launch_configuration"): ("`aws_launch_template`", "AWS itself"),
    ("resource", "aws_elasticsearch_domain"): ("`aws_opensearch_domain`", "aws 4"),
}

_BUCKET = {
    "acl": "a resource `aws_s3_bucket_acl`",
    "acceleration_status": "a resource `aws_s3_bucket_accelerate_configuration`",
    "policy": "a resource `aws_s3_bucket_policy`",
    "request_payer": "a resource `aws_s3_bucket_request_payment_configuration`",
    "cors_rule": "a resource `aws_s3_bucket_cors_configuration`",
    "grant": "a resource `aws_s3_bucket_acl`",
    "lifecycle_rule": "a resource `aws_s3_bucket_lifecycle_configuration`",
    "logging": "a resource `aws_s3_bucket_logging`",
    "object_lock_configuration": "a resource `aws_s3_bucket_object_lock_configuration`",
    "replication_configuration": "a resource `aws_s3_bucket_replication_configuration`",
    "server_side_encryption_configuration": "a resource `aws_s3_bucket_server_side_encryption_configuration`",
    "versioning": "a resource `aws_s3_bucket_versioning`",
    "website": "a resource `aws_s3_bucket_website_configuration`",
}

ARGUMENTS: dict[tuple[Where, str], dict[str, Replacement]] = {
    ("resource", "aws_s3_bucket"): rename_arguments(_BUCKET, "aws 4"),
    ("resource", "aws_eip"): {"vpc": ('`domain = "vpc"`', "aws 5")},
    ("resource", "aws_instance"): {
        "cpu_core_count": ("`cpu_options { core_count }`", "aws 5"),
        "cpu_threads_per_core": ("`cpu_options { threads_per_core }`", "aws 5"),
    },
    ("resource", "aws_iam_role"): {
        "managed_policy_arns": ("a resource `aws_iam_role_policy_attachment` for each", "aws 5"),
        "inline_policy": ("a resource `aws_iam_role_policy` for each", "aws 5"),
    },
    ("resource", "aws_cloudwatch_event_rule"): {"is_enabled": ("`state`", "aws 5")},
    ("resource", "aws_api_gateway_deployment"): {"stage_name": ("a resource `aws_api_gateway_stage`", "aws 5")},
}
