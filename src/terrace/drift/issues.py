"""The drift issue of a stack: opened, updated and closed as drift appears and disappears.

It is the source of an issue, a ticket or a message thread: one for each stack, never one for each check.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from terrace.drift.checks import Check
from terrace.drift.model import Observation, ResourceDrift

CLEAN_TO_CLOSE = 2
"""Number of good clean checks in a row that close an issue. A check with an unknown result is not clean."""

REOPENED_WITHIN = timedelta(days=7)
"""Drift that returns within this time belongs to the same issue."""

FLIPS, FLIPS_WITHIN = 3, timedelta(hours=24)
"""This many changes between clean and drifted within that time are flapping: reported once, then not until it stops."""

Word = Literal["opened", "updated", "closed", "reopened", "flapping"]


@dataclass(frozen=True, slots=True)
class IssueEvent:
    """A change of an issue that people should be notified of."""

    word: Word
    at: datetime


@dataclass(frozen=True, slots=True)
class StackDrift:
    """The drift of one stack. `id` is that of the first check that found it; `turns` is its history.

    `resources` are those of the newest good check. `blind` is whether the newest check had an unknown result.
    """

    id: str
    environment: str
    stack: str
    opened_at: datetime
    resources: tuple[ResourceDrift, ...]
    turns: tuple[IssueEvent, ...]
    open: bool = True
    clean: int = 0
    flips: tuple[datetime, ...] = ()
    drifted: bool = True
    blind: bool = False

    def flapping(self, at: datetime) -> bool:
        """Returns whether the drift appeared and disappeared so often lately that single changes mean nothing."""
        return sum(1 for flip in self.flips if at - flip < FLIPS_WITHIN) >= FLIPS

    @property
    def closed_at(self) -> datetime | None:
        """When it was closed; None while it is open."""
        return None if self.open else next(t.at for t in reversed(self.turns) if t.word == "closed")


def drift_by_stack(looks: tuple[Check, ...]) -> tuple[StackDrift, ...]:
    """Returns the newest issue of every stack that ever drifted, by stack, after these checks."""
    drifts: dict[str, StackDrift] = {}
    for look in looks:
        for observation in look.observations:
            record = _after(drifts.get(observation.stack), look, observation)
            if record is not None:
                drifts[observation.stack] = record
    return tuple(record for _, record in sorted(drifts.items()))


def _after(record: StackDrift | None, look: Check, observation: Observation) -> StackDrift | None:
    if observation.status == "unknown":
        return replace(record, blind=True) if record is not None else None
    if observation.status == "drifted":
        return _after_drift(record, look, observation)
    return _clean(record, look.at) if record is not None else None


def _after_drift(record: StackDrift | None, look: Check, observation: Observation) -> StackDrift:
    closed = record.closed_at if record is not None else None
    if record is None or (closed is not None and look.at - closed > REOPENED_WITHIN):
        return StackDrift(
            look.id,
            look.environment,
            observation.stack,
            look.at,
            observation.resources,
            (IssueEvent("opened", look.at),),
        )
    flapped = record.flapping(look.at)
    changed = _what(record.resources) != _what(observation.resources)
    now = replace(record, resources=observation.resources, clean=0, drifted=True, blind=False)
    if not record.drifted:
        now = _count_flips(now, look.at)
    if now.flapping(look.at):
        return replace(now, open=True) if flapped else _add_event(replace(now, open=True), "flapping", look.at)
    if not record.open:
        return _add_event(replace(now, open=True), "reopened", look.at)
    return _add_event(now, "updated", look.at) if changed else now


def _clean(record: StackDrift, at: datetime) -> StackDrift:
    flapped = record.flapping(at)
    now = replace(record, clean=record.clean + 1, drifted=False, blind=False)
    if record.drifted:
        now = _count_flips(now, at)
    if now.flapping(at):
        return now if flapped or not now.open else _add_event(now, "flapping", at)
    if now.open and now.clean >= CLEAN_TO_CLOSE:
        return _add_event(replace(now, open=False, resources=()), "closed", at)
    return now


def _count_flips(record: StackDrift, at: datetime) -> StackDrift:
    recent = tuple(flip for flip in record.flips if at - flip < FLIPS_WITHIN)
    return replace(record, flips=(*recent, at))


def _add_event(record: StackDrift, word: Word, at: datetime) -> StackDrift:
    return replace(record, turns=(*record.turns, IssueEvent(word, at)))


def _what(resources: tuple[ResourceDrift, ...]) -> dict[str, tuple[tuple[str, str], ...]]:
    """Returns the differences, with marks of the observed values: another value is an update."""
    return {resource.fingerprint: tuple(sorted(resource.observed.items())) for resource in resources}
