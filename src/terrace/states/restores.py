"""Restores of states, from the events of the ledger."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Literal, Self

from terrace.ledger.deployment import Holder
from terrace.ledger.events.states import StateBackedUp, StateRestoreBegun, StateRestoreEnded
from terrace.ledger.view import Fold

if TYPE_CHECKING:
    from terrace.ledger.event import Event
    from terrace.ledger.model import History
    from terrace.ledger.old_events import OldReadable
    from terrace.states.restore_rules import Difference

RestoreResult = Literal["restored", "put_back", "unchanged", "unknown"]
"""The result of a restore: the backup is the state; the previous state is the state again; nothing was pushed; or
another process changed the state in between.
"""


@dataclass(frozen=True, slots=True)
class Restore:
    """A started restore. `previous` is the backup of the previous state, "" until that was read.

    `previous_serial` and `target` are the serials of the previous state and of the pushed one; -1: not known yet.
    `held_by_us`: the environment was free before, so that a clean end lets it go.
    """

    id: str
    stack: str
    environment: str
    backup: str
    deployment: str
    commit: str
    reason: str
    by: str
    begun_at: datetime
    holder: Holder
    accepted: frozenset[str] = frozenset()
    held_by_us: bool = True
    previous: str = ""
    previous_serial: int = -1
    target: int = -1
    result: str = ""


@dataclass(frozen=True, slots=True)
class Restored:
    """The end of a restore. `differences` are the changes of the plan afterwards, `held` why the environment is on
    hold.

    `unknown` is the deployment of unknown outcome that `terrace resume` continues, "" without one.
    """

    restore: Restore
    result: RestoreResult
    reason: str
    differences: tuple[Difference, ...] = ()
    serial: int = -1
    held: str = ""
    unknown: str = ""


def restores(history: History) -> tuple[Restore, ...]:
    """Returns every restore, oldest first, with its current status."""
    return history.fold(Restores)


class Restores(Fold[tuple[Restore, ...]]):
    """Every restore."""

    STATE = list[Restore]

    def __init__(self) -> None:
        self._found: dict[str, Restore] = {}

    def copy(self) -> Self:
        """Returns a copy that can be continued separately."""
        copied = type(self)()
        copied._found = dict(self._found)
        return copied

    def add(self, event: Event) -> None:
        """Take the next event."""
        restores = self._found
        match event.record:
            case StateRestoreBegun() as begun:
                restores[begun.restore] = _begin(event, begun)
            case StateBackedUp(restore=known) as saved if known:
                restores[known] = replace(
                    restores[known], previous=saved.backup, previous_serial=saved.serial, target=saved.target
                )
            case StateRestoreEnded() as ended:
                restores[ended.restore] = replace(restores[ended.restore], result=ended.result)

    def result(self) -> tuple[Restore, ...]:
        """The restores so far, oldest first."""
        return tuple(self._found.values())

    def state(self) -> list[Restore]:
        """Returns the restores so far."""
        return list(self._found.values())

    @classmethod
    def of_state(cls, state: list[Restore], readable: OldReadable) -> Self:
        """Returns the fold with these restores."""
        fold = cls()
        fold._found = {restore.id: restore for restore in state}
        return fold


def open_restore(history: History, environment: str) -> Restore | None:
    """The restore that was begun in an environment and has not ended."""
    return next((r for r in restores(history) if r.environment == environment and not r.result), None)


def last_restore_end(history: History, environment: str) -> datetime | None:
    """Returns when a restore last wrote a state of an environment; None if none did."""
    ends = reversed(history.of(StateRestoreEnded))
    written = (event.time for event, record in ends if record.environment == environment)
    return next(written, None)


def _begin(event: Event, begun: StateRestoreBegun) -> Restore:
    return Restore(
        id=begun.restore,
        stack=event.subject,
        environment=begun.environment,
        backup=begun.backup,
        deployment=begun.deployment,
        commit=begun.commit,
        reason=begun.reason,
        by=event.actor,
        begun_at=event.time,
        holder=begun.holder.holder(),
        accepted=frozenset(begun.accepted),
        held_by_us=begun.held_by_us,
    )
