"""The progress of an apply: which planned changes it completed, which failed, and which it did not start."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from terrace.plans.model import Action

Change = tuple[str, str]
"""An action and the address of its resource."""

ChangeState = Literal["completed", "failed", "in_flight", "not_started"]
"""The state of a change after an apply; `in_flight`: it started, and the log has no end of it."""

STATES: tuple[ChangeState, ...] = ("completed", "failed", "in_flight", "not_started")
"""All states, in the order in which they are shown."""


@dataclass(frozen=True, slots=True)
class LoggedChanges:
    """The changes in the log of an apply, in its order. Terraform logs a replacement as a `delete` and a `create`."""

    completed: tuple[Change, ...] = ()
    failed: tuple[Change, ...] = ()
    in_flight: tuple[Change, ...] = ()

    def states(self) -> dict[Change, ChangeState]:
        """Returns the state of each logged change."""
        states: dict[Change, ChangeState] = dict.fromkeys(self.completed, "completed")
        states |= dict.fromkeys(self.in_flight, "in_flight")
        return states | dict.fromkeys(self.failed, "failed")


NO_CHANGES = LoggedChanges()
"""No changes in the log."""


@dataclass(frozen=True, slots=True)
class ApplyProgress:
    """The changes of an apply that did not succeed, by their state. A replacement of which only one half was done is
    listed as its `delete` and its `create`.

    Without a complete log there are no `not_started` changes, because a start can be missing in the log.
    """

    changes: Mapping[ChangeState, tuple[Change, ...]] = field(default_factory=dict)


NO_PROGRESS = ApplyProgress()
"""No known change."""


def apply_progress(planned: Iterable[Change], logged: LoggedChanges, *, whole: bool) -> ApplyProgress:
    """Returns the state of every planned change that the log of an apply can report. `whole` is whether the log is
    complete.

    Imports, moves and removals from the state are left out, because Terraform logs none of them. Logged changes without
    a plan are included.
    """
    states = logged.states()
    groups: dict[ChangeState, dict[Change, None]] = {state: {} for state in STATES}
    seen: set[Change] = set()
    for action, address in planned:
        parts = [(part, address) for part in _parts(action)]
        seen.update(parts)
        of_parts: list[ChangeState] = [states.get(part, "not_started") for part in parts]
        if len(set(of_parts)) == 1:
            groups[of_parts[0]][action, address] = None
            continue
        for part, state in zip(parts, of_parts, strict=True):
            groups[state][part] = None
    for change, state in states.items():
        if change not in seen:
            groups[state][change] = None
    if not whole:
        groups["not_started"].clear()
    return ApplyProgress({state: tuple(changes) for state, changes in groups.items() if changes})


def _parts(action: str) -> tuple[str, ...]:
    """Returns the actions that Terraform logs for a planned one; empty where it logs none."""
    if action == Action.REPLACE.value:
        return Action.DELETE.value, Action.CREATE.value
    return (action,) if action in _LOGGED else ()


_LOGGED = frozenset({Action.CREATE.value, Action.UPDATE.value, Action.DELETE.value})
"""The actions that Terraform logs, other than reads."""


def is_logged(action: str) -> bool:
    """Returns whether an action in the log of an apply is a change."""
    return action in _LOGGED
