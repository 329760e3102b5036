"""The retention of a stack's state backups. A copy is as old as the moment until which it was the newest one."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from terrace.states.backups import BackupRecord

ALL = timedelta(hours=48)
"""How far back every copy stays."""

DAYS = 30
"""For how many days back the last copy of each day stays."""

GOOD = 5
"""How many copies of the newest good releases always stay."""


@dataclass(frozen=True, slots=True)
class Retention:
    """The backups to keep, each with its reason, and those to remove."""

    kept: tuple[tuple[BackupRecord, str], ...]
    dropped: tuple[BackupRecord, ...]


def retention(records: Iterable[BackupRecord], good: Collection[str], now: datetime) -> Retention:
    """Decide about copies of any number of stacks. `good` are the original names of those of good releases.

    Whatever is in doubt stays: the newest copy of every stack and of every lineage, and what claims to be of later.
    """
    retained: list[tuple[BackupRecord, str]] = []
    dropped: list[BackupRecord] = []
    ordered = sorted(records, key=lambda r: (r.environment, r.stack, *_age(r)))
    for _, group in groupby(ordered, key=lambda r: (r.environment, r.stack)):
        members = tuple(group)
        why = dict(_reasons(members, good, now))
        retained += [(record, why[record.name]) for record in members if record.name in why]
        dropped += [record for record in members if record.name not in why]
    return Retention(tuple(retained), tuple(dropped))


def _age(record: BackupRecord) -> tuple[datetime, int, str]:
    return record.taken_at, record.serial, record.name


def _reasons(members: tuple[BackupRecord, ...], good: Collection[str], now: datetime) -> Iterator[tuple[str, str]]:
    """Returns name and reason of every kept backup of one stack; of several reasons the last one."""
    days = [(now - timedelta(days=n)).replace(hour=0, minute=0, second=0, microsecond=0) for n in range(DAYS)]
    # An unchanged state has one backup, however old: its age counts from when a newer one replaced it.
    replaced = [*(record.taken_at for record in members[1:]), max(now, members[-1].taken_at)]
    for record, until in zip(members, replaced, strict=True):
        if any(record.taken_at <= day < until for day in days):
            yield record.name, "the last one of a day"
        if until >= now - ALL:
            yield record.name, "of the last 48 hours"
    for record in [record for record in members if record.original in good][-GOOD:]:
        yield record.name, "of a good release"
    for record in members:
        if record.moment == "final":
            yield record.name, "the last one before it was destroyed"
    for record in {record.lineage: record for record in members}.values():
        yield record.name, "the newest of its lineage"
    yield members[-1].name, "the newest"
