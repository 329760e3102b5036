"""The living record of a stack: one thing that is opened, updated and closed while drift comes and goes.

An issue, a ticket or a message thread is made of it: one a stack, never one a check.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from terrace.drift.checks import Check
from terrace.drift.model import Observation, Sighting

CLEAN_TO_CLOSE = 2
"""How many good clean checks in a row close a record. One that could not tell is no clean check."""

REOPENED_WITHIN = timedelta(days=7)
"""Drift that comes back so soon is the same story."""

FLIPS, FLIPS_WITHIN = 3, timedelta(hours=24)
"""So many turns between clean and drifted within that time are flapping: told once, and then nothing until it ends."""

Word = Literal["opened", "updated", "closed", "reopened", "flapping"]


@dataclass(frozen=True, slots=True)
class Turn:
    """Something happened that people should hear of."""

    word: Word
    at: datetime


@dataclass(frozen=True, slots=True)
class LivingRecord:
    """What is known of the drift of one stack. `id` is the check that first saw it; `turns` is its story.

    `sightings` are the newest good check's. `blind` says that the newest check could not tell.
    """

    id: str
    environment: str
    stack: str
    opened_at: datetime
    sightings: tuple[Sighting, ...]
    turns: tuple[Turn, ...]
    open: bool = True
    clean: int = 0
    flips: tuple[datetime, ...] = ()
    drifted: bool = True
    blind: bool = False

    def flapping(self, at: datetime) -> bool:
        """Whether it came and went so often lately that single turns tell nothing."""
        return sum(1 for flip in self.flips if at - flip < FLIPS_WITHIN) >= FLIPS

    @property
    def closed_at(self) -> datetime | None:
        """When it was closed; None while it is open."""
        return None if self.open else next(t.at for t in reversed(self.turns) if t.word == "closed")


def living(looks: tuple[Check, ...]) -> tuple[LivingRecord, ...]:
    """The newest record of every stack that ever drifted, by stack, as it stands after these checks."""
    found: dict[str, LivingRecord] = {}
    for look in looks:
        for seen in look.observations:
            record = _after(found.get(seen.stack), look, seen)
            if record is not None:
                found[seen.stack] = record
    return tuple(record for _, record in sorted(found.items()))


def _after(record: LivingRecord | None, look: Check, seen: Observation) -> LivingRecord | None:
    if seen.status == "unknown":
        return replace(record, blind=True) if record is not None else None
    if seen.status == "drifted":
        return _drifted(record, look, seen)
    return _clean(record, look.at) if record is not None else None


def _drifted(record: LivingRecord | None, look: Check, seen: Observation) -> LivingRecord:
    closed = record.closed_at if record is not None else None
    if record is None or (closed is not None and look.at - closed > REOPENED_WITHIN):
        return LivingRecord(look.id, look.environment, seen.stack, look.at, seen.sightings, (Turn("opened", look.at),))
    flapped = record.flapping(look.at)
    changed = _what(record.sightings) != _what(seen.sightings)
    now = replace(record, sightings=seen.sightings, clean=0, drifted=True, blind=False)
    if not record.drifted:
        now = _flipped(now, look.at)
    if now.flapping(look.at):
        return replace(now, open=True) if flapped else _told(replace(now, open=True), "flapping", look.at)
    if not record.open:
        return _told(replace(now, open=True), "reopened", look.at)
    return _told(now, "updated", look.at) if changed else now


def _clean(record: LivingRecord, at: datetime) -> LivingRecord:
    flapped = record.flapping(at)
    now = replace(record, clean=record.clean + 1, drifted=False, blind=False)
    if record.drifted:
        now = _flipped(now, at)
    if now.flapping(at):
        return now if flapped or not now.open else _told(now, "flapping", at)
    if now.open and now.clean >= CLEAN_TO_CLOSE:
        return _told(replace(now, open=False, sightings=()), "closed", at)
    return now


def _flipped(record: LivingRecord, at: datetime) -> LivingRecord:
    recent = tuple(flip for flip in record.flips if at - flip < FLIPS_WITHIN)
    return replace(record, flips=(*recent, at))


def _told(record: LivingRecord, word: Word, at: datetime) -> LivingRecord:
    return replace(record, turns=(*record.turns, Turn(word, at)))


def _what(sightings: tuple[Sighting, ...]) -> dict[str, tuple[tuple[str, str], ...]]:
    """What differs, with the marks of what was observed: another value is an update."""
    return {one.fingerprint: tuple(sorted(one.observed.items())) for one in sightings}
