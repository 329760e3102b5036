"""Keyed marks of values: equal for equal values of one attribute, and meaningless without the key."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

import msgspec

from terrace.plans.digest import DigestKey
from terrace.plans.normalization import normalize

_DOMAIN = b"terrace mark 1\n"
_canonical = msgspec.json.Encoder(decimal_format="number", order="sorted")


def marks(address: str, value: Any, key: DigestKey) -> Mapping[str, str]:
    """A mark for every attribute of an object that is not empty. `value` is raw: secrets in clear, not kept."""
    if not isinstance(value, dict):
        return {}
    return {
        name: _mark(address, name, normalized, key)
        for name, inner in value.items()
        if (normalized := normalize(inner, name)) is not None
    }


def _mark(address: str, name: str, value: Any, key: DigestKey) -> str:
    # It includes the address, so that equal marks do not reveal that two resources share a password.
    text = _canonical.encode([address, name, value])
    return hmac.new(key.secret, _DOMAIN + text, hashlib.sha256).hexdigest()[:16]
