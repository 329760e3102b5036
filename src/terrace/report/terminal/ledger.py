"""Events of the ledger in a terminal: those that are invalid, and those whose authentication code was not verified."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from terrace.ledger.positions import words_of
from terrace.ledger.reading import Fault
from terrace.ledger.unproven import UnprovenEvent
from terrace.text import clip
from terrace.words import and_more

MOST = 100
"""Events that are listed; JSON lists all."""

_CODES = {
    "none": "no authentication code",
    "unchecked": "the key of its authentication code is not on this machine",
    "wrong": "its authentication code is wrong",
}


def invalid_event_lines(faults: Sequence[Fault]) -> Iterator[str]:
    """Returns a line for each invalid event: position, kind, time, actor, the environment that it holds, the reason."""
    for fault in faults[:MOST]:
        event = fault.event
        yield (
            f"event {event.position} ({clip(event.kind, 60)}), {event.time:%Y-%m-%d %H:%M:%S} UTC by"
            f" {clip(event.actor, 100)}, puts {fault.environment or 'every environment'} on hold:"
            f" {clip(fault.reason)}"
        )
    if more := and_more(len(faults) - MOST):
        yield f"{more}: --dry-run --json lists all"


def unverified_event_lines(events: Sequence[UnprovenEvent]) -> Iterator[str]:
    """Returns what a person reads before the key is changed: first the events that look forged, then the others."""
    doubtful = [event for event in events if event.doubtful]
    others = [event for event in events if not event.doubtful]
    if doubtful:
        yield "written without the key while the key was in use, as forged events are:"
        yield from _list(doubtful)
        positions = words_of([event.event.position for event in doubtful])
        command = f"terrace ledger dismiss {positions} --reason WHY"
        yield f"If no earlier version of Terrace wrote them, do not confirm, and: {command}"
    if others:
        yield "valid from now on without the old key:"
        yield from _list(others)


def _list(events: Sequence[UnprovenEvent]) -> Iterator[str]:
    for unproven in events[:MOST]:
        about = unproven.stack or unproven.environment or "the ledger"
        deployment = f", deployment {clip(unproven.deployment, 64)}" if unproven.deployment else ""
        event = unproven.event
        yield (
            f"  {event.position} {event.kind}: {clip(unproven.says, 100)} ({clip(about, 100)}{deployment}),"
            f" {event.time:%Y-%m-%d %H:%M:%S} UTC by {clip(event.actor, 100)}; {_CODES[unproven.code]}"
        )
    if more := and_more(len(events) - MOST):
        yield f"  {more}: `terrace ledger rekey --reason WHY --dry-run --json` lists all"
