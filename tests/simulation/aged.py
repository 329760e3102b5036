"""A ledger as it is after years: what a simulation wrote, many times over with fresh ids, and sealed by the product."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from datetime import timedelta

from simulation.choices import Choices
from simulation.people import People
from terrace.ledger.authenticity import NO_KEY, LedgerKey
from terrace.ledger.chain import seal
from terrace.ledger.event import Event
from terrace.ledger.model import GENESIS, Draft

_ID = re.compile(r"\bi(\d+)\b")
"""The ids of a simulation, wherever they are named."""


def released() -> People:
    """People who released one commit to dev and, after approvals, to staging."""
    people = People(Choices(b""))
    people.deploy("dev", machine=0)
    people.world.now += timedelta(hours=1)
    people.promote("staging", "eve", machine=0)
    # What reads the outputs of another stack is asked about once those are known.
    for _ in range(2):
        for who in ("bob", "cid", "dan"):
            people.answer("staging", who)
        people.resume("staging", machine=0)
    return people


def aged(events: Sequence[Event], at_least: int, key: LedgerKey = NO_KEY) -> tuple[Event, ...]:
    """The same ledger with a long past: its first event, copies of all that follows with fresh ids, then those."""
    sealed: list[Event] = []
    copies = max(0, -(-(at_least - len(events)) // (len(events) - 1)))
    for event, suffix in _repeated(events, copies):
        kind, subject, payload = event.kind, event.subject, event.payload
        if suffix:
            subject = _ID.sub(rf"i\1{suffix}", subject)
            payload = json.loads(_ID.sub(rf"i\1{suffix}", json.dumps(payload)))
        sealed.append(
            seal(
                Draft(kind, subject, event.actor, payload),
                position=len(sealed),
                previous=sealed[-1].hash if sealed else GENESIS,
                id=event.id + suffix,
                time=events[0].time if suffix else event.time,
                key=key,
            )
        )
    return tuple(sealed)


class Counted(Event):
    """An event that counts how often its record was looked at."""

    looks = 0

    @property
    def record(self):  # type: ignore[no-untyped-def]
        Counted.looks += 1
        return Event.record.fget(self)  # type: ignore[attr-defined]


def counted(events: Sequence[Event]) -> tuple[Event, ...]:
    """The same events, counting."""
    names = ("position", "id", "time", "actor", "kind", "subject", "payload", "previous", "hash", "code")
    return tuple(Counted(**{name: getattr(one, name) for name in names}) for one in events)


def _repeated(events: Sequence[Event], copies: int) -> Iterator[tuple[Event, str]]:
    """Each event that the ledger gets, with what its ids end with."""
    yield events[0], ""
    for number in range(copies):
        for event in events[1:]:
            yield event, f"x{number}"
    for event in events[1:]:
        yield event, ""
