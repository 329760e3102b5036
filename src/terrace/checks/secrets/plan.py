"""Secrets in clear text in a plan, by name or format, that Terraform does not mark.

The values of a plan are hidden where Terraform marks them, and wherever the same text is without a mark. A text at a
place without a mark is checked here, hidden or not; only the place and the kind of a secret are reported.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from terrace.assess.model import Finding, Status
from terrace.checks.secrets.configuration import nested_name
from terrace.checks.secrets.kinds import Kind
from terrace.checks.secrets.text import find_secrets, kind_of
from terrace.plans.model import MASKED, Action, Path, Plan, Value

RULE = "plan-secrets"
DEEPEST = 30
"""Maximum depth of values that are searched; providers nest half as deep."""

_FIX = "read it from a secret store, or mark its source `sensitive`; it is in the state, too"


@dataclass(frozen=True, slots=True)
class Exposed:
    """A secret that a plan shows: the path of the text in the value, its `place` in words (also within JSON and
    base64), the kind, and the secret itself, which no report may show."""

    path: Path
    place: str
    kind: Kind
    secret: str = field(repr=False)


def find_exposed(plans: Mapping[str, Plan]) -> tuple[Finding, ...]:
    """Returns a finding for each place of a resource or output that changes and shows a secret."""
    return tuple(finding for key, plan in plans.items() for finding in _of_plan(key, plan))


def _of_plan(key: str, plan: Plan) -> Iterator[Finding]:
    copies = copies_of(plan)
    for change in plan.effective:
        if change.action is not Action.DELETE:
            yield from _findings(key, change.address, in_value(change.after, "", copies.get(change.address)))
    for output in plan.outputs:
        if output.action not in (Action.NO_OP, Action.DELETE):
            address = f"output.{output.name}"
            yield from _findings(key, address, in_value(output.after, output.name, copies.get(address)))


def _findings(key: str, address: str, exposed: Iterator[Exposed]) -> Iterator[Finding]:
    by_place = {(secret.place, secret.kind.name): secret for secret in exposed}
    for secret in by_place.values():
        where = f"{address} shows {secret.kind.title}" + (f" in {secret.place}" if secret.place else "")
        yield Finding(
            RULE,
            secret.kind.severity,
            Status.FAIL,
            "terrace",
            where,
            stack=key,
            address=address,
            fix=_FIX,
            family="hard-coded-secret",
        )


Copies = Mapping[Path, str]
"""The texts that were hidden in one value at places without a mark, by their paths."""


def copies_of(plan: Plan) -> Mapping[str, Copies]:
    """Returns the hidden texts of every resource and output, by its address."""
    copies: dict[str, dict[Path, str]] = {}
    for value in plan.unmarked:
        copies.setdefault(value.address, {})[value.path] = value.text
    return copies


def in_value(value: Value, name: str, copies: Copies | None = None) -> Iterator[Exposed]:
    """Yields every secret in a value with the name `name`. `copies` are the texts that were hidden without a mark."""
    yield from _in(value, name, "", (), copies or {})


def _in(value: Value, name: str, place: str, path: Path, copies: Copies, depth: int = 0) -> Iterator[Exposed]:
    if depth > DEEPEST:
        return
    if value is MASKED and path in copies:
        value = copies[path]
    if isinstance(value, str):
        kind = _kind(name, value)
        if kind is not None:
            yield Exposed(path, place, kind, value)
        else:
            for where, each, secret in _within(value, place, depth):
                yield Exposed(path, where, each, secret)
    elif isinstance(value, dict):
        called = value.get("name", value.get("key"))
        for inner, item in value.items():
            # A list of variables has the name beside the value.
            spoken_name = (
                called if str(inner).lower() == "value" and isinstance(called, str) else nested_name(name, str(inner))
            )
            yield from _in(
                item, spoken_name, f"{place}.{inner}" if place else str(inner), (*path, inner), copies, depth + 1
            )
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _in(item, name, f"{place}[{index}]", (*path, index), copies, depth + 1)


def _kind(name: str, value: str) -> Kind | None:
    return kind_of(name, value) if len(value) <= 4096 and "\n" not in value else None


def _within(value: str, place: str, depth: int) -> Iterator[tuple[str, Kind, str]]:
    """Yields the secrets in a text: JSON, a script, or either of them in base64."""
    parsed = _json(value)
    if parsed is not None:
        for exposed in _in(parsed, "", place, (), {}, depth + 1):
            yield exposed.place, exposed.kind, exposed.secret
        return
    matches = find_secrets(value)
    if not matches and (inner := _unpack(value)) is not None:
        yield from _within(inner, f"{place} (base64)", depth + 1) if depth < DEEPEST else ()
        return
    for match in matches:
        yield place, match.kind, value[match.start : match.end]


def _json(value: str) -> Any:
    if not value.lstrip().startswith(("{", "[")):
        return None
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return None


def _unpack(value: str) -> str | None:
    """Returns the text that a value contains in base64, if it does."""
    if len(value) < 16 or len(value) % 4:
        return None
    try:
        return base64.b64decode(value, validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        return None


def shows_secret(name: str, value: Value) -> bool:
    """Returns whether a value with the name `name` contains what looks like a secret."""
    return any(True for _ in in_value(value, name))
