"""Long lists of a step's record, written as events of their own, so that an event stays small and the list whole.

A list that is shortened for people is shortened where it is shown. What decisions read is never shortened.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

LARGEST = 500
"""How many entries of a list one event holds."""

LISTS = ("changes", "sightings", "echoes", "objections")
"""The lists of a step's record that grow with the configuration."""


def split(detail: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[dict[str, Any], ...]]:
    """Returns the detail without its long lists, and those in parts: each is an event's payload but for the attempt."""
    kept, parts, numbers = dict(detail), [], {}
    for name in LISTS:
        entries = detail.get(name)
        if not isinstance(entries, list | tuple) or len(entries) <= LARGEST:
            continue
        pieces = [list(entries[at : at + LARGEST]) for at in range(0, len(entries), LARGEST)]
        parts += [{"list": name, "part": number, "entries": piece} for number, piece in enumerate(pieces)]
        numbers[name] = len(pieces)
        kept[name] = []
    return ({**kept, "parts": numbers} if numbers else kept), tuple(parts)


def joined(detail: Mapping[str, Any], parts: Mapping[tuple[str, int], list[Any]]) -> dict[str, Any]:
    """Returns the detail with its lists whole again. A list of which a part is missing is named in `incomplete`."""
    whole = dict(detail)
    numbers = whole.pop("parts", None)
    if not isinstance(numbers, Mapping):
        return whole
    missing = []
    for name, number in numbers.items():
        there = [parts[name, at] for at in range(number) if (name, at) in parts]
        whole[name] = [entry for piece in there for entry in piece]
        if len(there) != number:
            missing.append(name)
    return {**whole, "incomplete": missing} if missing else whole
