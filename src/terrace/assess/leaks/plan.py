"""Secrets that a plan shows in clear: values whose name or format says so, and that nobody marked sensitive.

What Terraform marks was masked on entry and is not here; of the rest only the place and the kind are told.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator, Mapping
from typing import Any

from terrace.assess.leaks.kinds import Kind
from terrace.assess.leaks.text import kind_of, sightings
from terrace.assess.model import Finding, Status
from terrace.plans.model import Action, Plan, Value

RULE = "plan-secrets"
DEEPEST = 30
"""How deep values are looked into; providers nest half as deep."""

_FIX = "read it from a secret store, or mark what it comes from `sensitive`; it also stands in the state"


def exposed(plans: Mapping[str, Plan]) -> tuple[Finding, ...]:
    """A finding for every place of an object or output that changes and shows a secret."""
    return tuple(finding for key, plan in plans.items() for finding in _of_plan(key, plan))


def _of_plan(key: str, plan: Plan) -> Iterator[Finding]:
    for change in plan.effective:
        if change.action is not Action.DELETE:
            for place, kind in _in(change.after, "", ""):
                yield _finding(key, change.address, place, kind)
    for output in plan.outputs:
        if output.action not in (Action.NO_OP, Action.DELETE):
            for place, kind in _in(output.after, output.name, ""):
                yield _finding(key, f"output.{output.name}", place, kind)


def _finding(key: str, address: str, place: str, kind: Kind) -> Finding:
    where = f"{address} shows {kind.title}" + (f" in {place}" if place else "")
    family = "hard-coded-secret"
    return Finding(
        RULE, kind.severity, Status.FAIL, "terrace", where, stack=key, address=address, fix=_FIX, family=family
    )


def _in(value: Value, name: str, place: str, depth: int = 0) -> Iterator[tuple[str, Kind]]:
    """Every place below a value that holds a secret. `name` is what the value is called, `place` the way to it."""
    if depth > DEEPEST:
        return
    if isinstance(value, str):
        kind = _kind(name, value)
        if kind is not None:
            yield place, kind
        else:
            yield from _within(value, place, depth)
    elif isinstance(value, dict):
        called = value.get("name", value.get("key"))
        for inner, item in value.items():
            # A list of variables says the name beside the value.
            said = called if str(inner).lower() == "value" and isinstance(called, str) else str(inner)
            yield from _in(item, said, f"{place}.{inner}" if place else str(inner), depth + 1)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _in(item, name, f"{place}[{index}]", depth + 1)


def _kind(name: str, value: str) -> Kind | None:
    return kind_of(name, value) if len(value) <= 4096 and "\n" not in value else None


def _within(value: str, place: str, depth: int) -> Iterator[tuple[str, Kind]]:
    """What a text holds: JSON, a script, or either of them in base64."""
    parsed = _json(value)
    if parsed is not None:
        yield from _in(parsed, "", place, depth + 1)
        return
    found = sightings(value)
    if not found and (inner := _unpacked(value)) is not None:
        yield from _within(inner, f"{place} (base64)", depth + 1) if depth < DEEPEST else ()
        return
    for kind in {sighting.kind.name: sighting.kind for sighting in found}.values():
        yield place, kind


def _json(value: str) -> Any:
    if not value.lstrip().startswith(("{", "[")):
        return None
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return None


def _unpacked(value: str) -> str | None:
    """The text that a value holds in base64, if it does."""
    if len(value) < 16 or len(value) % 4:
        return None
    try:
        return base64.b64decode(value, validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        return None


def shows_secret(name: str, value: Value) -> bool:
    """Whether a value that is called `name` holds what looks like a secret."""
    return any(True for _ in _in(value, name, ""))
