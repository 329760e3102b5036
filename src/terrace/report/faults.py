"""Events that cannot be read, for the person who dismisses them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC
from typing import Any

from terrace.ledger.reading import Fault
from terrace.text import clipped

MOST = 100
"""How many events are shown; JSON has all."""


def fault_json(fault: Fault) -> dict[str, Any]:
    """Returns an unreadable event as a machine reads it."""
    event = fault.event
    return {
        "position": event.position,
        "kind": clipped(event.kind, 100),
        "at": event.time.astimezone(UTC).isoformat(),
        "by": clipped(event.actor),
        "why": clipped(fault.reason),
        "environment": fault.environment or None,
    }


def fault_lines(faults: Sequence[Fault]) -> Iterator[str]:
    """Returns a line for each: position, kind, time, author, the environment that it holds, and what is wrong."""
    for fault in faults[:MOST]:
        event = fault.event
        yield (
            f"event {event.position} ({clipped(event.kind, 60)}), {event.time:%Y-%m-%d %H:%M:%S} UTC by"
            f" {clipped(event.actor, 100)}, holds {fault.environment or 'every environment'}: {clipped(fault.reason)}"
        )
    if len(faults) > MOST:
        yield f"and {len(faults) - MOST} more: --dry-run --json lists all"
