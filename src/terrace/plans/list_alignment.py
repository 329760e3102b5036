"""Aligns the elements of a list before and after a change, so that only the elements that differ are shown.

Terraform writes sets as lists, always in the same order, and does not say which lists are sets. Equal elements are
therefore matched by content first, in order. The others are paired by an identifying attribute, then by similarity.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from difflib import SequenceMatcher
from typing import Any

from terrace.plans.model import Masked, Unknown, Value

IDENTIFYING = (
    "name", "key", "id", "sid", "Sid", "rule_id", "rule_number", "rule_no", "priority", "device_name", "device_index",
    "container_name", "containerName", "logical_name", "namespace", "type",
)  # fmt: skip
"""Attributes that identify an object of a list, where each object of the list has another value. The first wins."""

MOST_COMPARISONS = 2_000_000
"""Comparisons of elements beyond which two lists are aligned by position only."""

MOST_PAIRS = 10_000
"""Pairs of objects beyond which no pairs are sought by similarity."""

SIMILAR = 0.5
"""Minimum share of equal attributes of two objects that are shown as one changed object."""


@dataclass(frozen=True, slots=True)
class Pair:
    """An element that differs: its positions before and after, None where it does not exist; `moved` is an element that
    is equal and has another position. `key` is its identifying attribute, such as `name="web"`."""

    before: int | None
    after: int | None
    moved: bool = False
    key: str = ""


def align(before: Sequence[Value], after: Sequence[Value]) -> list[Pair]:
    """Returns the elements that differ, in the order of their positions. Elements without a pair are equal, and have
    the same order on both sides."""
    start = 0
    shortest = min(len(before), len(after))
    old, new = [canonical(item) for item in before], [canonical(item) for item in after]
    while start < shortest and old[start] == new[start]:
        start += 1
    end = 0
    while end < shortest - start and old[-1 - end] == new[-1 - end]:
        end += 1
    removed = list(range(start, len(before) - end))
    added = list(range(start, len(after) - end))
    counts = Counter(old[index] for index in removed)
    if sum(counts[new[index]] for index in added) + len(removed) + len(added) > MOST_COMPARISONS:
        return list(_by_position(removed, added))
    removed, added = _find_unmatched(old, new, removed, added)
    pairs = [*_moves(old, new, removed, added)]
    for pairing in (_by_key, _by_similarity, _only_ones):
        pairs += pairing(before, after, removed, added)
    pairs += [Pair(index, None) for index in removed] + [Pair(None, index) for index in added]
    return sorted(pairs, key=_position)


def canonical(value: Value) -> str:
    """Returns a text that is equal for equal values only."""
    return json.dumps(value, sort_keys=True, default=_special)


def _special(value: Any) -> Any:
    if isinstance(value, Masked | Unknown):
        return {"\0": repr(value)}
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else {"\0": str(value)}
    raise TypeError(type(value))


def _position(pair: Pair) -> tuple[int, bool]:
    position = pair.after if pair.after is not None else pair.before
    return (position if position is not None else 0, pair.after is not None)


def _by_position(removed: list[int], added: list[int]) -> Iterator[Pair]:
    yield from (Pair(index, other) for index, other in zip(removed, added, strict=False))
    yield from (Pair(index, None) for index in removed[len(added) :])
    yield from (Pair(None, other) for other in added[len(removed) :])


def _find_unmatched(
    old: list[str], new: list[str], removed: list[int], added: list[int]
) -> tuple[list[int], list[int]]:
    """Returns the positions without an equal element in the same order."""
    matcher = SequenceMatcher(None, [old[i] for i in removed], [new[i] for i in added], autojunk=False)
    old_indexes, new_indexes = set(removed), set(added)
    for block in matcher.get_matching_blocks():
        old_indexes -= {removed[block.a + step] for step in range(block.size)}
        new_indexes -= {added[block.b + step] for step in range(block.size)}
    return sorted(old_indexes), sorted(new_indexes)


def _moves(old: list[str], new: list[str], removed: list[int], added: list[int]) -> Iterator[Pair]:
    """Takes elements that are equal and have another position."""
    places: dict[str, list[int]] = {}
    for index in added:
        places.setdefault(new[index], []).append(index)
    for index in tuple(removed):
        if where := places.get(old[index]):
            removed.remove(index)
            added.remove(where[0])
            yield Pair(index, where.pop(0), moved=True)


def _by_key(before: Sequence[Value], after: Sequence[Value], removed: list[int], added: list[int]) -> Iterator[Pair]:
    """Takes objects with the same value of an attribute that identifies every object of both lists."""
    for name in IDENTIFYING:
        old_keys, new_keys = _identities(before, name), _identities(after, name)
        if old_keys is None or new_keys is None:
            continue
        places = {new_keys[index]: index for index in added}
        for index in tuple(removed):
            if (place := places.get(old_keys[index])) is not None:
                removed.remove(index)
                added.remove(place)
                yield Pair(index, place, key=f"{name}={old_keys[index]}")
        return


def _identities(items: Sequence[Value], name: str) -> list[str] | None:
    """Returns the value of an attribute in each object; None where one lacks it or two have the same."""
    values = [item.get(name) if isinstance(item, dict) else None for item in items]
    if not values or any(not isinstance(value, str | int) or isinstance(value, bool) for value in values):
        return None
    texts = [canonical(value) for value in values]
    return texts if len(set(texts)) == len(texts) else None


def _by_similarity(
    before: Sequence[Value], after: Sequence[Value], removed: list[int], added: list[int]
) -> Iterator[Pair]:
    """Takes the most similar objects, as far as they are similar."""
    if len(removed) * len(added) > MOST_PAIRS:
        return
    scores = sorted(
        (-score, abs(index - other), index, other)
        for index in removed
        for other in added
        if (score := _similarity(before[index], after[other])) >= SIMILAR
    )
    for _, _, index, other in scores:
        if index in removed and other in added:
            removed.remove(index)
            added.remove(other)
            yield Pair(index, other)


def _similarity(item: Value, other: Value) -> float:
    """Returns the share of attributes that are equal in two objects, among those that one of them sets."""
    if not isinstance(item, dict) or not isinstance(other, dict):
        return 0.0
    names = {name for side in (item, other) for name, value in side.items() if value not in (None, "", [], {})}
    equal = sum(name in item and name in other and canonical(item[name]) == canonical(other[name]) for name in names)
    return equal / len(names) if names else 1.0


def _only_ones(before: Sequence[Value], after: Sequence[Value], removed: list[int], added: list[int]) -> Iterator[Pair]:
    """Takes the element that is left on each side, where there is one."""
    if len(removed) == len(added) == 1:
        yield Pair(removed.pop(), added.pop())
