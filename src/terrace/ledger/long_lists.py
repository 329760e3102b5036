"""Long lists of a step's detail, written as events of their own: an event stays small and the list complete.

A list that is shortened for people is shortened where it is shown. A list that decides something is never shortened.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

from msgspec import UNSET, structs

from terrace.ledger.events.steps import Detail, ListName, StepListed

LARGEST = 500
"""Maximum number of entries of a list in one event."""

LISTS: tuple[ListName, ...] = get_args(ListName)
"""The lists of a detail that grow with the configuration."""


def split(attempt: str, detail: Detail) -> tuple[Detail, tuple[StepListed, ...]]:
    """Returns the detail without its long lists, and the parts of these lists."""
    parts: list[StepListed] = []
    numbers: dict[ListName, int] = {}
    for name in LISTS:
        entries = getattr(detail, name) or ()
        if len(entries) <= LARGEST:
            continue
        pieces = [entries[at : at + LARGEST] for at in range(0, len(entries), LARGEST)]
        parts += [StepListed(attempt, name, number, piece) for number, piece in enumerate(pieces)]
        numbers[name] = len(pieces)
    if not numbers:
        return detail, ()
    return structs.replace(detail, parts=numbers, **dict.fromkeys(numbers, ())), tuple(parts)


def join_lists(detail: Detail, parts: Sequence[StepListed]) -> tuple[Detail, tuple[ListName, ...]]:
    """Returns the detail with its complete lists, and the names of the lists of which a part is missing."""
    if not detail.parts:
        return (structs.replace(detail, parts=UNSET) if detail.parts is not UNSET else detail), ()
    by_place = {(part.list, part.part): part.typed_entries() for part in parts}
    lists, missing = {}, []
    for name, number in detail.parts.items():
        pieces = [by_place[name, at] for at in range(number) if (name, at) in by_place]
        lists[name] = tuple(entry for piece in pieces for entry in piece)
        if len(pieces) != number:
            missing.append(name)
    return structs.replace(detail, parts=UNSET, **lists), tuple(missing)
