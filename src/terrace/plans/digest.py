"""The digest of a plan: equal for plans that would do the same, whenever and wherever they were made.

HMAC-SHA-256 over canonical JSON (sorted names, numbers without trailing zeros, resources by address) of: every change
that does something, with its real values, unknowns, sensitivity, reasons to replace, moves and imports; output
changes; root variables; the hash of the dependency lock file. Left out: time stamps, format and product versions,
prior state, drift, and everything that would not be done.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec

from terrace.plans import wire
from terrace.plans.model import Digest

_DOMAIN = b"terrace plan digest 1\n"
_canonical = msgspec.json.Encoder(decimal_format="number", order="sorted")


@dataclass(frozen=True, slots=True)
class DigestKey:
    """The key of one ledger. It hides low-entropy values from whoever reads digests; `id` names it."""

    id: str
    secret: bytes = field(repr=False)


def plan_digest(document: wire.Document, lock: bytes, key: DigestKey) -> Digest:
    """The digest of a decoded plan."""
    changes = sorted((_change(r) for r in document.resources if _acts(r)), key=lambda c: (c[0], c[1] or ""))
    record = {
        "changes": changes,
        "outputs": {name: _output(change) for name, change in document.output_changes.items() if _moves(change)},
        "variables": {name: wire.value(variable.value) for name, variable in document.variables.items()},
        "lock": hashlib.sha256(lock).hexdigest(),
    }
    mac = hmac.new(key.secret, _DOMAIN + _canonical.encode(record), hashlib.sha256)
    return Digest(value=mac.hexdigest(), key_id=key.id)


def _acts(resource: wire.Resource) -> bool:
    moved = resource.previous_address is not None and resource.previous_address != resource.address
    return _moves(resource.change) or moved or resource.change.importing != wire.NOTHING


def _moves(change: wire.Change) -> bool:
    return change.actions != ["no-op"]


def _change(resource: wire.Resource) -> list[Any]:
    change = resource.change
    return [
        resource.address,
        resource.deposed,
        resource.mode,
        resource.type,
        resource.provider_name,
        resource.previous_address,
        change.actions,
        *_values(change),
        sorted(change.replace_paths, key=str),
        wire.value(change.importing),
    ]


def _output(change: wire.Change) -> list[Any]:
    return [change.actions, *_values(change)]


def _values(change: wire.Change) -> Iterator[Any]:
    for raw in (change.before, change.after, change.after_unknown, change.before_sensitive, change.after_sensitive):
        yield wire.value(raw)
