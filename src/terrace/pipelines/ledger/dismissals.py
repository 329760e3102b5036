"""Dismissals: a person decides that invalid events, or dates in the future, are ignored."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from terrace.errors import BadInput
from terrace.ledger.dates import DatesCount, DatesDismissal, ahead
from terrace.ledger.dismissals import Counts, Dismissal, DismissalOfSeveral, find_unread
from terrace.ledger.event import Event
from terrace.ledger.events.people import DatesDismissed, EventDismissed, EventsDismissed
from terrace.ledger.model import Draft, History, Ledger, draft
from terrace.ledger.positions import Span, spans_of
from terrace.ledger.reading import Fault
from terrace.pipelines.journal import append


def dismiss(
    ledger: Ledger, position: int, actor: str, reason: str, sign: Callable[[bytes], str | None], counts: Counts
) -> Fault:
    """Records a dismissal, and returns what was dismissed.

    Raises BadInput where that event is valid or already dismissed, and where the dismissal would be invalid.
    """
    _insist_on(reason)
    history = ledger.read()
    fault = _fault(history, position, counts)
    dismissal = Dismissal(history.ledger_id, position, fault.event.hash, reason, actor)
    signature = sign(dismissal.text)
    signed = Dismissal(dismissal.ledger, position, dismissal.hash, reason, actor, signature)
    if not counts(signed):
        raise _not_a_signer(actor)
    record = EventDismissed(position, dismissal.hash, reason, dismissal.text.decode("ascii"), signature)

    def decide(current: History) -> tuple[Draft, ...]:
        _fault(current, position, counts)
        return (draft(record, "ledger", actor),)

    append(ledger, history, decide)
    return fault


def unread_among(history: History, spans: Sequence[Span], counts: Counts) -> tuple[Fault, ...]:
    """Returns the invalid events at these positions that no valid dismissal covers, oldest first.

    Raises BadInput where a span reaches past the end of the ledger, and where it has no invalid event.
    """
    faults = find_unread(history, counts)
    for span in spans:
        if span.last >= len(history.events):
            raise BadInput(
                f"the ledger has no event {span.last}: its last one is {len(history.events) - 1}",
                hint="`terrace ledger verify` lists invalid events",
            )
        if not any(fault.event.position in span for fault in faults):
            raise _holds_nothing(span)
    return tuple(fault for fault in faults if any(fault.event.position in span for span in spans))


def dismiss_faults(
    ledger: Ledger,
    faults: Sequence[Fault],
    actor: str,
    reason: str,
    sign: Callable[[bytes], str | None],
    counts: Counts,
) -> None:
    """Records in one event that these are ignored; in the form that earlier versions read, where it is only one."""
    if len(faults) == 1:
        dismiss(ledger, faults[0].event.position, actor, reason, sign, counts)
    else:
        dismiss_several(ledger, faults, actor, reason, sign, counts)


def dismiss_several(
    ledger: Ledger,
    faults: Sequence[Fault],
    actor: str,
    reason: str,
    sign: Callable[[bytes], str | None],
    counts: Counts,
) -> None:
    """Records in one event that all of these are ignored: exactly those that the person saw.

    Raises BadInput where one of them was dismissed since, and where the dismissal would be invalid.
    """
    _insist_on(reason)
    history = ledger.read()
    last = faults[-1].event
    spans = spans_of(fault.event.position for fault in faults)
    dismissal = DismissalOfSeveral(history.ledger_id, spans, last.hash, reason, actor)
    signature = sign(dismissal.text)
    if not counts(replace(dismissal, signature=signature)):
        raise _not_a_signer(actor)
    pairs = tuple((span.first, span.last) for span in spans)
    record = EventsDismissed(pairs, last.hash, reason, dismissal.text.decode("ascii"), signature)
    identities = {(fault.event.position, fault.event.hash) for fault in faults}

    def decide(current: History) -> tuple[Draft, ...]:
        unread_events = {(fault.event.position, fault.event.hash) for fault in find_unread(current, counts)}
        if not identities <= unread_events:
            gone = min(position for position, _ in identities - unread_events)
            raise _holds_nothing(Span(gone, gone))
        return (draft(record, "ledger", actor),)

    append(ledger, history, decide)


def _fault(history: History, position: int, counts: Counts) -> Fault:
    fault = next((fault for fault in find_unread(history, counts) if fault.event.position == position), None)
    if fault is None:
        raise _holds_nothing(Span(position, position))
    return fault


def _holds_nothing(span: Span) -> BadInput:
    hint = "`terrace ledger verify` lists invalid events and dates in the future"
    if span.first != span.last:
        return BadInput(f"none of the events {span} of the ledger is invalid and not yet dismissed", hint=hint)
    return BadInput(
        f"event {span} of the ledger has nothing to dismiss: it is valid and its date is not in the future, "
        "or it is already dismissed",
        hint=hint,
    )


def dismiss_dates(
    ledger: Ledger,
    position: int,
    actor: str,
    reason: str,
    sign: Callable[[bytes], str | None],
    counts: DatesCount,
    clock: Callable[[], datetime],
) -> tuple[Event, ...]:
    """Records that the future dates of an event and of those after it are ignored; returns these events.

    Their content stays valid. Raises BadInput where the event is not dated in the future by the clock of this machine,
    and where the dismissal would be invalid.
    """
    _insist_on(reason)
    history = ledger.read()
    ahead_of_clock = find_misdated(history, position, clock())
    if not ahead_of_clock:
        raise BadInput(
            f"event {position} of the ledger is not dated in the future, or its date is already ignored",
            hint="`terrace ledger verify` lists dates in the future",
        )
    last = ahead_of_clock[-1]
    dismissal = DatesDismissal(history.ledger_id, position, last.position, last.hash, reason, actor)
    signature = sign(dismissal.text)
    if not counts(replace(dismissal, signature=signature)):
        raise _not_a_signer(actor)
    record = DatesDismissed(position, last.position, last.hash, reason, dismissal.text.decode("ascii"), signature)

    def decide(current: History) -> tuple[Draft, ...]:
        return (draft(record, "ledger", actor),) if find_misdated(current, position, clock()) else ()

    append(ledger, history, decide)
    return ahead_of_clock


def find_misdated(history: History, position: int, now: datetime) -> tuple[Event, ...]:
    """Returns the event at a position and those after it that are dated in the future; none where it is not."""
    ahead_of_clock = tuple(event for event in ahead(history, now) if event.position >= position)
    return ahead_of_clock if ahead_of_clock and ahead_of_clock[0].position == position else ()


def _insist_on(reason: str) -> None:
    if not reason.strip():
        raise BadInput("no reason was given", hint="pass --reason WHY with what you found: the ledger keeps it")


def _not_a_signer(actor: str) -> BadInput:
    return BadInput(
        f"{actor} is not a signer of the trust root, or the dismissal is not signed. Not recorded",
        hint="sign with a key of .terrace/allowed_signers: --key FILE",
    )
