"""`terraform show -json` of a plan from its bytes: completed and marked where its format leaves something out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from terrace.errors import BadInput
from terrace.plans.document_kinds import MAKE_ONE, NotAPlan, parts_of_plan
from terrace.plans.json_format import NOTHING, Absent, Document

_document = msgspec.json.Decoder(Document)


def decode(document: bytes) -> Document:
    """Returns the decoded document. Raises NotAPlan if it is not a plan, and BadInput if its format is unknown."""
    from terrace.plans.completion import complete
    from terrace.plans.legacy_formats import mark

    try:
        decoded = _decode(document)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise NotAPlan(f"this is not a plan as Terraform writes it: {error}", hint=MAKE_ONE) from error
    if isinstance(decoded.resource_changes, Absent) and decoded.planned_values == NOTHING:
        parts_of_plan(document)
    # Every tool that leaves the format out writes what Terraform 1 writes.
    decoded.format_version = decoded.format_version or "1.0"
    major = decoded.format_version.split(".")[0]
    if major not in ("0", "1"):
        raise BadInput(
            f"plans of format {decoded.format_version} are not known",
            hint="use a version of Terraform that writes 0.x or 1.x, or a newer Terrace",
        )
    complete(decoded)
    if major == "0":
        mark(decoded)
    return decoded


def _decode(document: bytes) -> Document:
    try:
        return _document.decode(document)
    except (msgspec.MsgspecError, RecursionError):
        # Some tools write null where Terraform writes nothing.
        return _document.decode(_without_nulls(parts_of_plan(document)))


_ENTRIES = ("resource_changes", "resource_drift")
_parts = msgspec.json.Decoder(dict[str, msgspec.Raw])
_list = msgspec.json.Decoder(list[msgspec.Raw])


def _without_nulls(parts: Mapping[str, msgspec.Raw]) -> bytes:
    """The document without keys that are null in itself, in its entries and in their changes."""
    cleaned = dict(parts)
    for name in _ENTRIES:
        if name in cleaned:
            cleaned[name] = _encode([_encode(_entry(raw)) for raw in _list.decode(cleaned[name]) if raw != NOTHING])
    return msgspec.json.encode(cleaned)


def _entry(raw: msgspec.Raw) -> dict[str, msgspec.Raw]:
    entry = _present(raw)
    if "change" in entry:
        entry["change"] = _encode(_present(entry["change"]))
    return entry


def _present(raw: msgspec.Raw) -> dict[str, msgspec.Raw]:
    return {name: inner for name, inner in _parts.decode(raw).items() if inner != NOTHING}


def _encode(value: Any) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(value))
