"""Types and attributes that grant rights, expose resources, or protect data."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

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


SOURCE_ATTRIBUTES = ("authorized_networks", "public_access_cidrs", "source_address_prefix*", "source_ranges")
"""Attributes that name who can connect, on any type."""

CLOSING_SWITCHES = (
    "block_public_acls",
    "block_public_policy",
    "ignore_public_acls",
    "restrict_public_buckets",
    "restrict_public_access",
)
"""Attributes that keep a resource closed to the public as long as they are true."""

CLOSING_TYPES = ("aws_*_public_access_block",)
"""Types that keep another resource closed to the public as long as they exist."""

ADMIN_RIGHTS = (
    "arn:aws*:iam::aws:policy/AdministratorAccess*",
    "arn:aws*:iam::aws:policy/IAMFullAccess",
    "iam:*",
    "Owner",
    "User Access Administrator",
    "Role Based Access Control Administrator",
    "roles/owner",
    "roles/editor",
    "roles/iam.securityAdmin",
    "roles/resourcemanager.*Admin",
)
"""Policies, roles and actions that give all rights, or the right to take them."""

_EVERY_ACTION = ("Action", "actions", "NotResource", "not_resources")
_HARMLESS_IN_POLICIES = ("Resource", "resources", "NotAction", "not_actions", "NotPrincipal", "Sid", "Version")
_DEEPEST = 60

ExposedPath = tuple[str | int | None, ...]
"""The path of a value; None is a step into a JSON text."""


@dataclass(frozen=True, slots=True)
class Exposure:
    """A value that opens a resource or gives far-reaching rights: where it is, and the reason in words."""

    path: ExposedPath
    reason: str


def is_one_of(name: str, patterns: tuple[str, ...]) -> bool:
    """Returns whether the name of an attribute matches one of these patterns."""
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def is_security_type(type_: str, clouds: Clouds = CLOUDS) -> bool:
    """Returns whether every attribute of a type is about security, harmless ones aside."""
    return any(is_one_of(type_, cloud.security_types) for cloud in clouds.values())


def is_rights_type(type_: str, clouds: Clouds = CLOUDS) -> bool:
    """Returns whether a type grants rights."""
    return any(is_one_of(type_, cloud.rights_types) for cloud in clouds.values())


def exposures(type_: str, value: Any, clouds: Clouds = CLOUDS) -> tuple[Exposure, ...]:
    """Returns everything that the attributes of a resource expose. Outgoing connections are ignored."""
    if not isinstance(value, dict) or value.get("type") == "egress" or value.get("direction") in ("Outbound", "EGRESS"):
        return ()
    secure = is_security_type(type_, clouds)
    paths: list[Exposure] = []
    for name, inner in value.items():
        if name in HARMLESS or name == "egress" or inner is None:
            continue
        relevant = secure or is_one_of(name, SECURITY_ATTRIBUTES) or is_one_of(name, SOURCE_ATTRIBUTES)
        paths += _in_value(name, inner, (name,), relevant=relevant)
    if type_.endswith("_egress_rule"):
        return ()
    return tuple(paths)


def protection(type_: str, value: Any) -> tuple[Exposure, ...]:
    """Returns what the deletion of a resource exposes: one that kept another one closed to the public."""
    if not is_one_of(type_, CLOSING_TYPES) or not isinstance(value, dict):
        return ()
    return tuple(
        Exposure((name,), "no longer blocks public access") for name in CLOSING_SWITCHES if value.get(name) is True
    )


def _in_value(name: str, value: Any, path: ExposedPath, *, relevant: bool) -> Iterator[Exposure]:
    """Yields what a value with that name exposes; only switches, unless it is `relevant` to security."""
    if len(path) > _DEEPEST:
        return
    if isinstance(value, dict):
        if value.get("Effect") == "Deny" or value.get("effect") == "Deny" or value.get("access") == "Deny":
            return
        if value.get("direction") == "Outbound":
            return
        for key, inner in value.items():
            deeper = relevant or is_one_of(key, SOURCE_ATTRIBUTES)
            yield from _in_value(key, inner, (*path, key), relevant=deeper)
    elif isinstance(value, list | tuple):
        for index, inner in enumerate(value):
            yield from _in_value(name, inner, (*path, index), relevant=relevant)
    elif value is True and name in WORLD_SWITCHES:
        yield Exposure(path, "public")
    elif value is False and name in CLOSING_SWITCHES:
        yield Exposure(path, "no longer blocks public access")
    elif relevant and isinstance(value, str):
        if reason := _reason(name, value):
            yield Exposure(path, reason)
        elif value.lstrip()[:1] in ("{", "["):
            content = _decode(value)
            if isinstance(content, dict | list):
                yield from _in_value(name, content, (*path, None), relevant=relevant)


def _reason(name: str, value: str) -> str:
    if any(fnmatchcase(value, pattern) for pattern in ADMIN_RIGHTS):
        return "admin rights"
    # A policy that allows one action on every resource is common; one that allows every action is not.
    if value not in WORLD or name in _HARMLESS_IN_POLICIES:
        return ""
    if value == "*" and name in _EVERY_ACTION:
        return "allows every action"
    if value == "*" and name not in ("Principal", "AWS", "identifiers", "principal") and not is_source(name):
        return ""
    return "public" if value.startswith(("public-", "all")) else "open to everyone"


def is_source(name: str) -> bool:
    """Returns whether an attribute names who can connect."""
    return "source" in name or "cidr" in name or "ip_range" in name


def _decode(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
