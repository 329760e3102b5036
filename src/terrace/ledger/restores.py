"""Restores of states, as the ledger tells them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from terrace.ledger import kinds
from terrace.ledger.model import Event, History
from terrace.plans.restoring import Difference
from terrace.rollout.model import Holder

RestoreResult = Literal["restored", "put_back", "unchanged", "unknown"]
"""How a restore ended: the copy is the state; what was there is the state again; nothing was ever pushed; or somebody
else changed the state meanwhile."""


@dataclass(frozen=True, slots=True)
class Restore:
    """A restore that was begun. `previous` is the copy of what was there before, "" until that was read.

    `previous_serial` and `target` are the serials of the state before and of the one pushed; -1: not known yet.
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
    """How a restore ended. `differences` are what the plan afterwards would do, `held` why the environment is held."""

    restore: Restore
    result: RestoreResult
    reason: str
    differences: tuple[Difference, ...] = ()
    serial: int = -1
    held: str = ""


def restores(history: History) -> tuple[Restore, ...]:
    """Every restore, oldest first, as it stands now."""
    found: dict[str, Restore] = {}
    for event in history.events:
        payload = event.payload
        known = found.get(payload.get("restore", ""))
        if event.kind == kinds.STATE_RESTORE_BEGUN:
            found[payload["restore"]] = _begun(event)
        elif known is not None and event.kind == kinds.STATE_BACKED_UP:
            found[known.id] = replace(
                known, previous=payload["backup"], previous_serial=payload["serial"], target=payload["target"]
            )
        elif known is not None and event.kind == kinds.STATE_RESTORE_ENDED:
            found[known.id] = replace(known, result=payload["result"])
    return tuple(found.values())


def open_restore(history: History, environment: str) -> Restore | None:
    """The restore that was begun in an environment and has not ended."""
    return next((r for r in restores(history) if r.environment == environment and not r.result), None)


def _begun(event: Event) -> Restore:
    payload = event.payload
    return Restore(
        id=payload["restore"],
        stack=event.subject,
        environment=payload["environment"],
        backup=payload["backup"],
        deployment=payload["deployment"],
        commit=payload["commit"],
        reason=payload["reason"],
        by=event.actor,
        begun_at=event.time,
        holder=Holder(**payload["holder"]),
        accepted=frozenset(payload["accepted"]),
        held_by_us=payload["held_by_us"],
    )
