"""Compares two plans of the same configuration by the names of attributes, never by their values."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from terrace.plans.model import Path, Plan
from terrace.words import attribute_path


def differing(one: Plan, other: Plan) -> tuple[str, ...]:
    """The attributes (`aws_instance.a: user_data`) and outputs that differ, sorted.

    If the digests differ and nothing visible does, the result says that a sensitive value differs.
    """
    found: list[str] = []
    before = {(c.address, c.deposed): c for c in one.changes}
    after = {(c.address, c.deposed): c for c in other.changes}
    for key in sorted(before.keys() | after.keys(), key=str):
        mine, theirs = before.get(key), after.get(key)
        if mine is None or theirs is None or mine.action is not theirs.action:
            found.append(key[0])
        else:
            found += [
                f"{key[0]}: {attribute_path(path) or 'its value'}" for path in _paths(mine.after, theirs.after, ())
            ]
    outputs = {o.name: o for o in other.outputs}
    found += [f"output {o.name}" for o in one.outputs if o.name not in outputs or outputs[o.name].after != o.after]
    if not found and one.digest != other.digest:
        found.append("a sensitive value")
    return tuple(dict.fromkeys(found))


def _paths(one: Any, other: Any, at: Path) -> Iterator[Path]:
    if isinstance(one, dict) and isinstance(other, dict):
        for name in sorted(one.keys() | other.keys()):
            yield from _paths(one.get(name), other.get(name), (*at, name))
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for index, (mine, theirs) in enumerate(zip(one, other, strict=True)):
            yield from _paths(mine, theirs, (*at, index))
    elif one != other:
        yield at
