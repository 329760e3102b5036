"""Dismissals of invalid events: a person has inspected one, and signs that it is to be ignored."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, replace

from terrace.ledger.authenticity import NO_KEY, demands_code
from terrace.ledger.event import Event
from terrace.ledger.events.people import EventDismissed, EventsDismissed
from terrace.ledger.events.record import Record
from terrace.ledger.model import History
from terrace.ledger.positions import Span, merge_spans, words_of
from terrace.ledger.reading import Fault
from terrace.ledger.signed_text import signed_text
from terrace.words import join_some

HEAD = "Terrace: an event of the ledger counts as absent, version 1"
"""The first line of the signed text, so that no other signed text can be used."""

HEAD_OF_SEVERAL = "Terrace: several events of the ledger count as absent, version 1"
"""The first line of what is signed about several events at once."""

_FIELDS = ("ledger", "position", "hash", "reason", "actor")
_FIELDS_OF_SEVERAL = ("ledger", "spans", "hash", "reason", "actor")
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Dismissal:
    """A person's dismissal of the event at a position, identified by `hash`. `signature` signs `text`."""

    ledger: str
    position: int
    hash: str
    reason: str
    actor: str
    signature: str | None = None

    @property
    def text(self) -> bytes:
        """Returns the text to sign. Different dismissals have different texts."""
        values = (self.ledger, self.position, self.hash, self.reason, self.actor)
        return signed_text(HEAD, dict(zip(_FIELDS, values, strict=True)))


@dataclass(frozen=True, slots=True)
class DismissalOfSeveral:
    """A person's dismissal of several events. `spans` are their positions; `hash` is the hash of the last one.

    `signature` signs `text`.
    """

    ledger: str
    spans: tuple[Span, ...]
    hash: str
    reason: str
    actor: str
    signature: str | None = None

    @property
    def text(self) -> bytes:
        """Returns the text to sign. Different dismissals have different texts."""
        spans = [[span.first, span.last] for span in self.spans]
        values = (self.ledger, spans, self.hash, self.reason, self.actor)
        return signed_text(HEAD_OF_SEVERAL, dict(zip(_FIELDS_OF_SEVERAL, values, strict=True)))


Counts = Callable[[Dismissal | DismissalOfSeveral], bool]
"""Says whether a dismissal is by a signer of the trust root, where the trust root has signers."""


def dismissals(history: History) -> tuple[Dismissal, ...]:
    """Every dismissal of one event, oldest first. Its validity is checked against the trust root each time."""
    return tuple(
        Dismissal(
            history.ledger_id,
            record.position,
            record.hash,
            record.reason,
            event.actor,
            record.signature,
        )
        for event, record in history.of(EventDismissed)
    )


def dismissals_of_several(history: History) -> tuple[DismissalOfSeveral, ...]:
    """Every dismissal of several events of this chain, oldest first. Its validity is checked each time."""
    return tuple(
        DismissalOfSeveral(
            history.ledger_id,
            tuple(Span(first, last) for first, last in record.spans),
            record.hash,
            record.reason,
            event.actor,
            record.signature,
        )
        for event, record in history.of(EventsDismissed)
        if (last := record.spans[-1][1]) < event.position and history.events[last].hash == record.hash
    )


def _dismissal_test(history: History, counts: Counts) -> Callable[[Event], bool]:
    """Returns whether a signer dismissed an event."""
    single = {(dismissal.position, dismissal.hash) for dismissal in dismissals(history) if counts(dismissal)}
    spans = merge_spans(
        span for dismissal in dismissals_of_several(history) if counts(dismissal) for span in dismissal.spans
    )
    firsts = [span.first for span in spans]

    def is_gone(event: Event) -> bool:
        at = bisect_right(firsts, event.position) - 1
        return (event.position, event.hash) in single or (at >= 0 and event.position in spans[at])

    return is_gone


def dismissed_positions(history: History, counts: Counts) -> frozenset[int]:
    """The positions of events that demand a code and that a person who counts dismissed.

    A reader that verifies no MACs cannot see what was wrong with them, so the dismissals themselves are checked.
    """
    if not history.of(EventDismissed) and not history.of(EventsDismissed):
        return frozenset()
    is_gone = _dismissal_test(history, counts)
    return frozenset(
        event.position
        for event in history.events
        if is_gone(event) and isinstance(event.record, Record) and demands_code(event.record)
    )


def without_dismissed(history: History, counts: Counts) -> History:
    """The same history. For a reader that checks no codes, what a person who counts dismissed is absent."""
    if history.key is not NO_KEY and not history.reading.foreign:
        return history
    absent = dismissed_positions(history, counts)
    return replace(history, absent=absent) if absent else history


def find_unread(history: History, counts: Counts) -> tuple[Fault, ...]:
    """The invalid events that no signer has dismissed, oldest first."""
    faults = history.reading.faults
    if not faults:
        return ()
    is_gone = _dismissal_test(history, counts)
    return tuple(fault for fault in faults if not is_gone(fault.event))


def describe_faults(faults: tuple[Fault, ...]) -> str:
    """Returns a sentence about an invalid event, with position and field."""
    reasons = [f"event {fault.event.position} of the ledger cannot be read ({fault.reason})" for fault in faults]
    return join_some(reasons, _SHOWN, "; ")


def way_out(faults: tuple[Fault, ...]) -> str:
    """The command that ends what such events hold."""
    named = words_of([fault.event.position for fault in faults])
    if faults[0].is_forged:
        return (
            f"look at it (`terrace ledger export`), then `terrace ledger dismiss {named} --reason WHY`; where the "
            "key was changed, or an earlier Terrace wrote it: `terrace ledger rekey --reason WHY`"
        )
    return (
        "a newer Terrace may read it; else look at it (`terrace ledger export`), then "
        f"`terrace ledger dismiss {named} --reason WHY`"
    )
