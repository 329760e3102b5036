"""Normalizes values for comparison: providers write the same value in several ways."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from terrace.plans.model import Value

UNORDERED = frozenset(
    {
        "allowed_ips",
        "availability_zones",
        "cidr_blocks",
        "ip_rules",
        "ipv6_cidr_blocks",
        "managed_policy_arns",
        "prefix_list_ids",
        "security_group_ids",
        "security_groups",
        "source_ranges",
        "subnet_ids",
        "subnets",
        "target_tags",
        "virtual_network_subnet_ids",
        "vpc_security_group_ids",
        "zones",
    }
)
"""Attributes that are sets everywhere, though some providers call them lists. Order counts in every other list."""

IN_POLICIES = frozenset(
    {"Action", "NotAction", "Resource", "NotResource", "AWS", "Service", "Federated", "CanonicalUser"}
)
"""Members of an IAM document that are sets, and for which one text means the same as a list of one."""


def normalize(value: Value, name: str = "") -> Value:
    """The value without what makes no difference: null, "", {} and [] are one, text that is JSON is read as JSON.

    None stands for all that is empty. `name` is the attribute that holds the value.
    """
    if isinstance(value, str):
        return _text(value, name)
    if isinstance(value, dict):
        normalized = {key: plain for key, inner in value.items() if (plain := normalize(inner, key)) is not None}
        return normalized or None
    if isinstance(value, list):
        return _list([normalize(inner) for inner in value], name)
    return value


def _text(text: str, name: str) -> Value:
    if text[:1] in ("{", "[") and text[-1:] in ("}", "]"):
        try:
            return normalize(json.loads(text, parse_float=Decimal), name)
        except (ValueError, RecursionError):
            return text
    return text or None


def _list(items: list[Any], name: str) -> Value:
    texts = all(isinstance(item, str) for item in items)
    if name in IN_POLICIES and texts:
        items = sorted(items)
        return items[0] if len(items) == 1 else items or None
    return (sorted(items) if name in UNORDERED and texts else items) or None
