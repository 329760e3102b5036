"""Events whose code was not checked, for the person who answers for them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC
from typing import Any

from terrace.ledger.positions import words_of
from terrace.ledger.unproven import UnprovenEvent
from terrace.text import clipped

MOST = 100
"""How many events of a list are shown; JSON has all."""

_CODES = {"none": "no code", "unchecked": "the key of its code is not here", "wrong": "its code is wrong"}


def unproven_json(one: UnprovenEvent) -> dict[str, Any]:
    """Returns an event as a machine reads it."""
    event = one.event
    return {
        "position": event.position,
        "kind": event.kind,
        "says": one.says,
        "environment": one.environment or None,
        "deployment": one.deployment or None,
        "stack": one.stack or None,
        "at": event.time.astimezone(UTC).isoformat(),
        "by": event.actor,
        "code": one.code,
        "doubtful": one.doubtful,
    }


def unproven_lines(events: Sequence[UnprovenEvent]) -> Iterator[str]:
    """Returns what a person reads before the key is changed: first the events that look forged, then the others."""
    doubtful = [one for one in events if one.doubtful]
    others = [one for one in events if not one.doubtful]
    if doubtful:
        yield "written without the key while it was in use, as forged events are:"
        yield from _list(doubtful)
        named = words_of([one.event.position for one in doubtful])
        yield f"if no earlier Terrace of yours wrote them, say no, and: terrace ledger dismiss {named} --reason WHY"
    if others:
        yield "without the old key these events count from now on as they are:"
        yield from _list(others)


def _list(events: Sequence[UnprovenEvent]) -> Iterator[str]:
    for one in events[:MOST]:
        about = one.stack or one.environment or "the ledger"
        deployment = f", deployment {clipped(one.deployment, 64)}" if one.deployment else ""
        event = one.event
        yield (
            f"  {event.position} {event.kind}: {clipped(one.says, 100)} ({clipped(about, 100)}{deployment}),"
            f" {event.time:%Y-%m-%d %H:%M:%S} UTC by {clipped(event.actor, 100)}; {_CODES[one.code]}"
        )
    if len(events) > MOST:
        yield f"  and {len(events) - MOST} more: `terrace ledger rekey --reason WHY --dry-run --json` lists all"
