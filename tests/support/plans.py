"""Plans as somebody describes them in a test, short."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from terrace.plans.model import Action, Digest, OutputChange, Plan, ResourceChange
from terrace.stacks.model import Stack

STACK = Stack.conventional("dev", "environments/dev")


def change(address: str, action: Action, before: Any = None, after: Any = None, **more: Any) -> ResourceChange:
    """A change of the object at `type.name`."""
    type_, _, name = address.partition(".")
    return ResourceChange(address, type_, name, action, before=before, after=after, **more)


def drifted_resource(address: str, before: Any, after: Any, **more: Any) -> ResourceChange:
    """Something that was changed outside from `before` to `after`."""
    return change(address, Action.UPDATE, before, after, **more)


def plan_of(
    changes: Iterable[ResourceChange] = (),
    drift: Iterable[ResourceChange] = (),
    outputs: Iterable[OutputChange] = (),
    **more: Any,
) -> Plan:
    """A plan of one stack of dev."""
    return Plan(STACK, "c" * 40, Digest("d" * 64, "k"), tuple(changes), tuple(outputs), tuple(drift), **more)
