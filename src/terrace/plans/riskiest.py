"""Orders the changes of a plan by what they may cost, and groups those that are too many to list."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from terrace.clouds.stateful import is_stateful
from terrace.plans.attribute_diff import is_exposing
from terrace.plans.model import Action, ResourceChange

GRAVE = (Action.DELETE, Action.REPLACE, Action.UNKNOWN)
"""Actions that remove a resource, or may remove it."""

_ORDER = (Action.DELETE, Action.REPLACE, Action.UNKNOWN, Action.FORGET, Action.UPDATE, Action.CREATE)


@dataclass(frozen=True, slots=True)
class Group:
    """The changes of one type in one module, counted by action."""

    module: str
    type: str
    counts: Mapping[Action, int]


def may_lose_data(change: ResourceChange) -> bool:
    """Returns whether a change removes a resource that may hold data."""
    return change.action in GRAVE and is_stateful(change.type)


def riskiest_first(changes: Iterable[ResourceChange]) -> list[ResourceChange]:
    """Returns changes in the order in which people should read them.

    First those that may lose data, then those that open something, then other removals, then the rest.
    """
    return sorted(changes, key=_rank)


def groups(changes: Iterable[ResourceChange]) -> list[Group]:
    """Returns changes by module and type, the largest group first."""
    counters: dict[tuple[str, str], Counter[Action]] = {}
    for change in changes:
        counters.setdefault((change.module, change.type), Counter())[change.action] += 1
    ordered = sorted(counters.items(), key=lambda item: (-item[1].total(), item[0]))
    return [Group(module, type_, counts) for (module, type_), counts in ordered]


def _rank(change: ResourceChange) -> tuple[int, int, str, str]:
    grave = change.action in GRAVE
    place = 0 if may_lose_data(change) else 1 if is_exposing(change) else 2 if grave else 3
    order = _ORDER.index(change.action) if change.action in _ORDER else len(_ORDER)
    return (place, order, change.module, change.address)
