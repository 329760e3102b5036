"""The digest of a plan: equal for plans that would do the same, whenever and wherever they were made.

HMAC-SHA-256 over canonical JSON (sorted names, numbers without trailing zeros, resources by address) of: every change
that does something, with the attributes that it alters and their real values, unknowns, sensitivity, reasons to
replace, moves and imports; output changes; root variables; the hash of the dependency lock file; the files that
commands wrote before the plan. Left out: attributes that are equal before and after, values that terrace.yaml allows to
be volatile, time stamps, format and product versions, prior state, drift, and everything that would not be done.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field
from typing import Any

import msgspec

from terrace.plans import json_format
from terrace.plans.differences import EVERYTHING, Comparison, approval_coverage, list_alterations
from terrace.plans.model import Digest

_DOMAIN = b"terrace plan digest 2\n"
_canonical = msgspec.json.Encoder(decimal_format="number", order="sorted")


@dataclass(frozen=True, slots=True)
class DigestKey:
    """The key of one ledger. It hides low-entropy values from readers of digests; `id` identifies it."""

    id: str
    secret: bytes = field(repr=False)


def plan_digest(
    document: json_format.Document, lock: bytes, key: DigestKey, comparison: Comparison = EVERYTHING, prepared: str = ""
) -> Digest:
    """The digest of a decoded plan. `prepared` is a digest of the files that commands wrote for it, "" without any."""
    acting = [resource for resource in document.resources if _acts(resource)]
    acting.sort(key=lambda r: (r.address, r.deposed or ""))
    # Encoded one at a time: all their values together would take much memory.
    changes = [msgspec.Raw(_canonical.encode(_change(resource, comparison))) for resource in acting]
    outputs = {name: change for name, change in document.output_changes.items() if _moves(change)}
    record = {
        "changes": changes,
        "outputs": {name: _output(name, change, comparison) for name, change in outputs.items()},
        "variables": {name: json_format.value(variable.value) for name, variable in document.variables.items()},
        "lock": hashlib.sha256(lock).hexdigest(),
    }
    if prepared:
        record["prepared"] = prepared
    mac = hmac.new(key.secret, _DOMAIN + _canonical.encode(record), hashlib.sha256)
    return Digest(value=mac.hexdigest(), key_id=key.id)


def volatile_attributes(document: json_format.Document, comparison: Comparison) -> tuple[str, ...]:
    """Returns what the plan changes and its digest leaves out because terrace.yaml allows it to be volatile."""
    if not comparison.allowed:
        return ()
    acting = (resource for resource in document.resources if _acts(resource))
    outputs = (f"output.{name}" for name, change in document.output_changes.items() if _moves(change))
    entries = [entry for resource in acting for entry in approval_coverage(resource, comparison)[1]]
    return tuple(dict.fromkeys([*entries, *(name for name in outputs if name in comparison.allowed)]))


def _acts(resource: json_format.Resource) -> bool:
    moved = resource.previous_address is not None and resource.previous_address != resource.address
    return _moves(resource.change) or moved or resource.change.importing != json_format.NOTHING


def _moves(change: json_format.Change) -> bool:
    return change.actions != ["no-op"]


def _change(resource: json_format.Resource, comparison: Comparison) -> list[Any]:
    change = resource.change
    return [
        resource.address,
        resource.deposed,
        resource.mode,
        resource.type,
        resource.provider_name,
        resource.previous_address,
        change.actions,
        approval_coverage(resource, comparison)[0],
        sorted(change.replace_paths, key=str),
        json_format.value(change.importing),
    ]


def _output(name: str, change: json_format.Change, comparison: Comparison) -> list[Any]:
    if f"output.{name}" in comparison.allowed:
        return [change.actions, "volatile"]
    return [change.actions, list_alterations(change)]
