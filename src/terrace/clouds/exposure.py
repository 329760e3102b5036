"""Which types and attributes say who may do what, who reaches what, and what keeps data safe."""

from __future__ import annotations

from fnmatch import fnmatchcase

HARMLESS = ("tags", "tags_all", "description", "labels", "effective_labels", "terraform_labels", "annotations")
"""Attributes that nothing acts on, whatever the type."""

SECURITY_TYPES = (
    # AWS: who may do what, who reaches what, what is encrypted with what, who watches
    "aws_*_policy",
    "aws_*_policy_attachment",
    "aws_cloudtrail*",
    "aws_cognito_*",
    "aws_config_*",
    "aws_default_network_acl",
    "aws_default_security_group",
    "aws_flow_log",
    "aws_guardduty_*",
    "aws_iam_*",
    "aws_kms_*",
    "aws_lambda_permission",
    "aws_network_acl*",
    "aws_networkfirewall_*",
    "aws_organizations_*",
    "aws_ram_*",
    "aws_s3_account_public_access_block",
    "aws_s3_bucket_acl",
    "aws_s3_bucket_logging",
    "aws_s3_bucket_ownership_controls",
    "aws_s3_bucket_public_access_block",
    "aws_secretsmanager_*",
    "aws_security_group*",
    "aws_securityhub_*",
    "aws_ssoadmin_*",
    "aws_vpc_security_group_*",
    "aws_waf*",
    # Azure
    "azuread_*",
    "azurerm_*_policy*",
    "azurerm_federated_identity_credential",
    "azurerm_firewall*",
    "azurerm_key_vault*",
    "azurerm_management_lock",
    "azurerm_monitor_diagnostic_setting",
    "azurerm_network_security_*",
    "azurerm_role_*",
    "azurerm_security_center_*",
    "azurerm_storage_account_network_rules",
    "azurerm_user_assigned_identity",
    # Google Cloud, Kubernetes
    "google_*_iam_*",
    "google_access_context_manager_*",
    "google_compute_firewall*",
    "google_compute_security_policy*",
    "google_kms_*",
    "google_logging_*",
    "google_org*_policy*",
    "google_secret_manager_*",
    "google_service_account*",
    "kubernetes_*role*",
    "kubernetes_network_policy*",
    "kubernetes_secret*",
    "kubernetes_service_account*",
)
"""Types of which every attribute that is not harmless is about security."""

SECURITY_ATTRIBUTES = (
    "access_policy",
    "acl",
    "allow_blob_public_access",
    "allow_nested_items_to_be_public",
    "assume_role_policy",
    "egress",
    "grant",
    "iam_instance_profile",
    "identity",
    "ingress",
    "inline_policy",
    "managed_policy_arns",
    "network_acls",
    "network_rules",
    "permissions_boundary",
    "policy",
    "public_access_block*",
    "public_network_access*",
    "publicly_accessible",
    "role_arn",
    "security_group_ids",
    "security_groups",
    "*secret*",
    "vpc_security_group_ids",
)
"""Attributes that are about security on any type."""

PROTECTION_ATTRIBUTES = (
    "*_retention_period",
    "*encrypt*",
    "backup_*",
    "deletion_protection*",
    "kms_*key*",
    "min_tls_version",
    "minimum_tls_version",
    "point_in_time_recovery",
    "retention_in_days",
    "soft_delete_*",
    "versioning",
)
"""Attributes that keep data safe: encryption, copies, what stands before a deletion."""

RIGHTS_TYPES = (
    "aws_*_policy",
    "aws_*_policy_attachment",
    "aws_iam_*",
    "aws_lambda_permission",
    "aws_organizations_*",
    "aws_ssoadmin_*",
    "azuread_*",
    "azurerm_federated_identity_credential",
    "azurerm_role_*",
    "azurerm_user_assigned_identity",
    "google_*_iam_*",
    "google_service_account*",
    "kubernetes_*role*",
    "kubernetes_service_account*",
)
"""Types that say who may do what."""

RIGHTS_ATTRIBUTES = (
    "access_policy",
    "assume_role_policy",
    "iam_instance_profile",
    "inline_policy",
    "managed_policy_arns",
    "permissions_boundary",
    "policy",
    "role_arn",
)
"""Attributes that say who may do what, on any type."""

WORLD = (
    "*",
    "*/0",
    "0.0.0.0/0",
    "::/0",
    "Internet",
    "allAuthenticatedUsers",
    "allUsers",
    "public-read",
    "public-read-write",
)
"""Values that mean everybody, or everything, where they stand alone in an attribute about exposure."""

WORLD_SWITCHES = (
    "allow_blob_public_access",
    "allow_nested_items_to_be_public",
    "public_network_access_enabled",
    "publicly_accessible",
)
"""Attributes that let everybody in when they are true."""


def is_one_of(name: str, patterns: tuple[str, ...]) -> bool:
    """Whether a type or an attribute is among these patterns."""
    return any(fnmatchcase(name, pattern) for pattern in patterns)
