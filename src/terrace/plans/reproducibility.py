"""Compares two plans of the same configuration by the names of attributes, never by their values."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from terrace.plans.model import Path, Plan
from terrace.words import attribute_path


def find_differences(plan: Plan, other: Plan) -> tuple[str, ...]:
    """The attributes (`aws_instance.a: user_data`) and outputs that differ, sorted.

    If the digests differ and nothing visible does, the result says that a sensitive value differs.
    """
    differing: list[str] = []
    before = {(c.address, c.deposed): c for c in plan.changes}
    after = {(c.address, c.deposed): c for c in other.changes}
    for key in sorted(before.keys() | after.keys(), key=str):
        first, second = before.get(key), after.get(key)
        if first is None or second is None or first.action is not second.action:
            differing.append(key[0])
        else:
            differing += [
                f"{key[0]}: {attribute_path(path) or 'its value'}" for path in _paths(first.after, second.after, ())
            ]
    outputs = {o.name: o for o in other.outputs}
    differing += [f"output {o.name}" for o in plan.outputs if o.name not in outputs or outputs[o.name].after != o.after]
    if not differing and plan.digest != other.digest:
        differing.append("a sensitive value")
    return tuple(dict.fromkeys(differing))


def _paths(item: Any, other: Any, at: Path) -> Iterator[Path]:
    if isinstance(item, dict) and isinstance(other, dict):
        for name in sorted(item.keys() | other.keys()):
            yield from _paths(item.get(name), other.get(name), (*at, name))
    elif isinstance(item, list) and isinstance(other, list) and len(item) == len(other):
        for index, (first, second) in enumerate(zip(item, other, strict=True)):
            yield from _paths(first, second, (*at, index))
    elif item != other:
        yield at
