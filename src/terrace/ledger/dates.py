"""The valid dates of events, and whether the clock of this machine is trustworthy.

Events are dated by the clocks of the machines that write them. A date too early lengthens a wait and shortens nothing.
A date in the future means that the clock of its writer was wrong, that it was made up, or that the clock here is wrong:
nothing that depends on time is decided before a person has found out which.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import takewhile

from terrace.ledger.chain import TOLERANCE
from terrace.ledger.event import Event
from terrace.ledger.events.people import DatesDismissed
from terrace.ledger.model import History
from terrace.ledger.signed_text import signed_text
from terrace.words import and_more

HEAD = "Terrace: the dates of events of the ledger do not count, version 1"
"""The first line of the signed text, so that no other signed text can be used."""

_FIELDS = ("ledger", "position", "last", "hash", "reason", "actor")


@dataclass(frozen=True, slots=True)
class DatesDismissal:
    """A person's dismissal of the dates of the events from `position` to `last`. `hash` is the hash of the last one.

    `signature` signs `text`.
    """

    ledger: str
    position: int
    last: int
    hash: str
    reason: str
    actor: str
    signature: str | None = None

    @property
    def text(self) -> bytes:
        """Returns the text to sign. Different dismissals have different texts."""
        values = (self.ledger, self.position, self.last, self.hash, self.reason, self.actor)
        return signed_text(HEAD, dict(zip(_FIELDS, values, strict=True)))


DatesCount = Callable[[DatesDismissal], bool]
"""Returns whether a dismissal of dates is by a signer of the trust root, where the trust root has signers."""


@dataclass(frozen=True, slots=True)
class Reference:
    """The time of a clock that cannot be set on this machine. `source` names that clock in a sentence."""

    time: datetime
    source: str


def no_reference() -> Reference | None:
    """The reference of a machine that has no other clock to compare with."""
    return None


def without_dismissed_dates(history: History, counts: DatesCount) -> History:
    """Returns the history without the dates that an authorized person dismissed.

    A dismissal affects only dates that are later than its own: an event cannot be later than a later event that names
    it, so no date that can be right is ever removed. Only the first copy of a dismissal is valid: a copy with a later
    date removes no more dates.
    """
    gone: dict[int, datetime] = {}
    heard: set[bytes] = set()
    for event, record in history.of(DatesDismissed):
        if not record.position <= record.last < event.position:
            continue
        if history.events[record.last].hash != record.hash:
            continue
        dismissal = DatesDismissal(
            history.ledger_id, record.position, record.last, record.hash, record.reason, event.actor, record.signature
        )
        if dismissal.text not in heard and counts(dismissal):
            heard.add(dismissal.text)
            written = history.events[event.position].time
            covered = history.events[record.position : record.last + 1]
            gone = {event.position: written for event in covered if event.time > written + TOLERANCE} | gone
    return replace(history, undated=gone) if gone else history


def ahead(history: History, now: datetime) -> tuple[Event, ...]:
    """The events that are dated in the future and whose date is not dismissed, as written, oldest first."""
    late = now + TOLERANCE
    # The times of events never decrease: if one event is not late, no earlier one is.
    newest = takewhile(lambda event: event.time > late, reversed(history.readable))
    written = [history.events[event.position] for event in newest if event.position not in history.undated]
    return tuple(event for event in reversed(written) if event.time > late)


def no_earlier(history: History, now: datetime) -> datetime:
    """Returns the earliest possible current time: not before the latest event with a valid date. A clock that
    was set back a little therefore makes nothing valid again that had expired.
    """
    return max(now, history.readable[-1].time) if history.readable else now


def doubt(history: History, now: datetime, reference: Reference | None) -> tuple[str, str] | None:
    """Returns why the clock of this machine is not trusted, and the hint; None if there is no reason against it."""
    if reference is not None and abs(now - reference.time) > TOLERANCE:
        return (
            f"the clock of this machine says {_date_text(now)}, and {reference.source} says"
            f" {_date_text(reference.time)}: they differ by {_apart(now, reference.time)}",
            "set the clock of this machine (`timedatectl set-ntp true`), then the same command again",
        )
    events = ahead(history, now)
    if not events:
        return None
    first = events[0]
    more = f", {and_more(len(events) - 1)} are dated in the future" if len(events) > 1 else ""
    return (
        f"event {first.position} of the ledger is dated {_date_text(first.time)}, and the clock of this machine says"
        f" {_date_text(now)}: one of the two is wrong by {_apart(first.time, now)}{more}",
        "compare this machine with another clock and set it if it is wrong; if the date of the event is wrong,"
        f" `terrace ledger dismiss {first.position} --reason WHY`",
    )


def _date_text(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def _apart(moment: datetime, other: datetime) -> str:
    seconds = int(abs(moment - other) / timedelta(seconds=1))
    days, hours, minutes = seconds // 86400, seconds // 3600 % 24, seconds // 60 % 60
    return f"{days} days" if days > 1 else f"{days * 24 + hours}h {minutes}m"
