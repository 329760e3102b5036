"""Types and attributes that grant rights, expose resources, or protect data."""

from __future__ import annotations

from fnmatch import fnmatchcase

from terrace.clouds.all import CLOUDS
from terrace.clouds.cloud import Clouds

HARMLESS = ("tags", "tags_all", "description", "labels", "effective_labels", "terraform_labels", "annotations")
"""Attributes that have no effect, whatever the type."""

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
"""Attributes that protect data: by encryption, by backups, against deletion."""

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
"""Attributes that grant rights, on any type."""

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
"""Values that mean everyone, or every action, if they are the whole value of an attribute about exposure."""

WORLD_SWITCHES = (
    "allow_blob_public_access",
    "allow_nested_items_to_be_public",
    "public_network_access_enabled",
    "publicly_accessible",
)
"""Attributes that open a resource to the world when they are true."""


def is_one_of(name: str, patterns: tuple[str, ...]) -> bool:
    """Returns whether the name of an attribute matches one of these patterns."""
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def is_security_type(type_: str, clouds: Clouds = CLOUDS) -> bool:
    """Returns whether every attribute of a type is about security, harmless ones aside."""
    return any(is_one_of(type_, cloud.security_types) for cloud in clouds.values())


def is_rights_type(type_: str, clouds: Clouds = CLOUDS) -> bool:
    """Returns whether a type grants rights."""
    return any(is_one_of(type_, cloud.rights_types) for cloud in clouds.values())
