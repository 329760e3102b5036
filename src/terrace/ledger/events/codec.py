"""From an event to its record, and from a record to the payload that is written."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from types import MappingProxyType
from typing import Any

import msgspec

from terrace import typed_json
from terrace.errors import TerraceError
from terrace.ledger.events import audits, deployments, drift, people, states, steps
from terrace.ledger.events.grammar import NAMES, EnvironmentName, ForgeId, Id, StackKey, is_plausible, pattern_of
from terrace.ledger.events.record import About, Malformed, Part, Record, Unknown

DEEPEST = 64
"""Levels of lists and objects in a payload."""

LARGEST_VALUE = 256 << 10
"""Bytes of one value that is written for people to see, such as an output."""

LARGEST = 16 << 20
"""Bytes of a payload."""

RECORDS: Mapping[str, type[Record]] = MappingProxyType(
    {
        record.KIND: record
        for record in (
            people.LedgerOpened,
            people.LedgerRekeyed,
            deployments.DeploymentOpened,
            deployments.DeploymentWaiting,
            deployments.DeploymentEnded,
            deployments.LeaseTaken,
            deployments.LeaseReleased,
            deployments.RecoveryAttested,
            deployments.RecoveryBegun,
            deployments.RecoverySettled,
            steps.StepBegun,
            steps.StepListed,
            steps.StepEnded,
            people.ApprovalGiven,
            people.RejectionWithdrawn,
            people.CommandTaken,
            people.EnvironmentHeld,
            people.EnvironmentUnheld,
            people.EventDismissed,
            people.EventsDismissed,
            people.DatesDismissed,
            states.StackAdopted,
            states.StateBackedUp,
            states.StateRestoreBegun,
            states.StateRestoreEnded,
            states.StateDrilled,
            states.StateRekeyed,
            states.StatePruned,
            drift.DriftChecked,
            drift.DriftAcknowledged,
            drift.DriftOverdue,
            audits.AuditRules,
            audits.AuditDone,
        )
    }
)
"""The record of every kind of this version."""


_SUBJECTS: Mapping[About, re.Pattern[str]] = {
    "ledger": re.compile(r"\Aledger\Z"),
    "deployment": re.compile(pattern_of(Id)),
    "environment": re.compile(pattern_of(EnvironmentName)),
    "stack": re.compile(pattern_of(StackKey)),
    "comment": re.compile(pattern_of(ForgeId)),
    "digest": re.compile(r"\A[0-9a-f]{8,64}\Z"),
}
_LONGEST_ACTOR = 1024


def decode(
    kind: str, subject: str, actor: str, payload: Mapping[str, Any], *, position: int = 0, time: datetime | None = None
) -> Record | Unknown | Malformed:
    """The record of an event, whatever is in it. Never raises."""
    if (wrong := _envelope(kind, subject, actor, time)) is not None:
        return Malformed(position, *wrong)
    if (why := _bounds(payload)) is not None:
        return Malformed(position, "payload", why)
    return _record(kind, subject, payload, position)


def decode_line(
    kind: str, subject: str, actor: str, payload: Mapping[str, Any], line: bytes, *, position: int, time: datetime
) -> Record | Unknown | Malformed:
    """Returns the record of an event that was read from a valid ASCII line, whose length bounds the size."""
    is_deep = line.count(b"{") + line.count(b"[") > DEEPEST and _depth(payload, DEEPEST) > DEEPEST
    if is_deep or 2 * len(line) > LARGEST:
        return decode(kind, subject, actor, payload, position=position, time=time)
    if (wrong := _envelope(kind, subject, actor, time)) is not None:
        return Malformed(position, *wrong)
    return _record(kind, subject, payload, position)


def _record(kind: str, subject: str, payload: Mapping[str, Any], position: int) -> Record | Unknown | Malformed:
    record = RECORDS.get(kind)
    if record is None:
        return Unknown(position, kind)
    if _SUBJECTS[record.ABOUT].match(subject) is None:
        return Malformed(position, "subject", f"{_short(subject)} names no {record.ABOUT}")
    try:
        return typed_json.convert(payload, record)
    except msgspec.ValidationError as error:
        return Malformed(position, *_place(str(error)))
    except (ValueError, OverflowError, RecursionError) as error:
        return Malformed(position, "payload", _short(str(error)))


def encode(record: Record) -> dict[str, Any]:
    """The payload of a record, as JSON data. Raises TerraceError where it would not be read back."""
    payload: dict[str, Any] = _json(record)
    why = _bounds(payload)
    if why is None:
        try:
            typed_json.convert(payload, type(record))
        except msgspec.ValidationError as error:
            why = ": ".join(_place(str(error)))
    if why is not None:
        raise TerraceError(f"a {record.KIND} cannot be written into the ledger: {why}")
    return payload


def _json(value: Any) -> Any:
    """The JSON data of a part of a record. Fields without a value are left out, others may be (`Part.OMITTED`)."""
    if isinstance(value, msgspec.Struct):
        omitted = _default_values(type(value))
        fields = {value.__struct_config__.tag_field: value.__struct_config__.tag} if value.__struct_config__.tag else {}
        for name in value.__struct_fields__:
            inner = getattr(value, name)
            if inner is not msgspec.UNSET and (name not in omitted or inner != omitted[name]):
                fields[name] = _json(inner)
        return fields
    if isinstance(value, list | tuple):
        return [_json(inner) for inner in value]
    if isinstance(value, Mapping):
        return {name: _json(inner) for name, inner in value.items()}
    return value.isoformat() if isinstance(value, datetime) else value


@cache
def _default_values(kind: type[msgspec.Struct]) -> Mapping[str, object]:
    """The fields that are left out while they have their default value, each with that value."""
    if not issubclass(kind, Part):
        return {}
    return {field.name: field.default for field in msgspec.structs.fields(kind) if field.name in kind.OMITTED}


def fits(value: object) -> bool:
    """Returns whether an external value fits into an event: not too deep, not too large, and valid Unicode."""
    return (
        _depth(value, DEEPEST // 2) <= DEEPEST // 2
        and _bounds({"": value}) is None
        and (len(json.dumps(value)) <= LARGEST_VALUE)
    )


def _envelope(kind: str, subject: str, actor: str, time: datetime | None) -> tuple[str, str] | None:
    for field, text in (("kind", kind), ("subject", subject), ("actor", actor)):
        if len(text) > _LONGEST_ACTOR:
            return field, f"longer than {_LONGEST_ACTOR} characters"
        if not _is_unicode(text):
            return field, "a lone surrogate"
    if time is not None and not is_plausible(time):
        return "time", "an impossible time"
    return None


def _bounds(payload: Mapping[str, Any]) -> str | None:
    """Returns why a payload is too deep, too large or not valid Unicode; None when it is fine."""
    if _depth(payload, DEEPEST) > DEEPEST:
        return f"deeper than {DEEPEST} levels"
    try:
        size = len(json.dumps(payload, ensure_ascii=False).encode())
    except UnicodeEncodeError:
        return "a lone surrogate"
    except (TypeError, ValueError, RecursionError) as error:
        return _short(str(error))
    return f"larger than {LARGEST >> 20} MiB" if size > LARGEST else None


def _depth(value: object, limit: int) -> int:
    """Returns the depth, counted without recursion and only up to the limit."""
    level: list[object] = [value]
    depth = 0
    while level and depth <= limit:
        inner: list[object] = []
        for item in level:
            if isinstance(item, dict):
                inner.extend(v for v in item.values() if isinstance(v, dict | list | tuple))
            elif isinstance(item, list | tuple):
                inner.extend(v for v in item if isinstance(v, dict | list | tuple))
        level = inner
        depth += 1
    return depth


def _place(message: str) -> tuple[str, str]:
    """Returns the field and the reason of an error of msgspec: `Expected `str`, got `int` - at `$.waves[0]``."""
    why, *places = re.split(r" - at `(?:key in )?", message)
    field = "".join(place.rstrip("`").removeprefix("$") for place in reversed(places)).lstrip(".")
    pattern_name = next((name for pattern, name in NAMES.items() if repr(pattern) in why), None)
    return field or "payload", f"not {pattern_name}" if pattern_name else _short(why)


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _short(text: str) -> str:
    return ascii(text)[1:-1][:200] if not text.isprintable() else text[:200]
