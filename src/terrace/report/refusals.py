"""How refused stacks are listed: by commands for people, and in JSON."""

from __future__ import annotations

from collections.abc import Mapping

from terrace.report.machine import Json
from terrace.stacks.refusals import Refusal
from terrace.text import visible


def refusal_lines(refusals: Mapping[str, Refusal]) -> str:
    """Returns two lines for each refused stack: why it is refused and where that is written, and what to do."""
    lines = []
    for key, one in sorted(refusals.items()):
        place = f" ({one.place})" if one.place is not None else ""
        lines.append(f"refused: {key}{place}: {one.message}")
        lines.append(f"  hint: {one.hint}")
    return "\n".join(visible(line) for line in lines)


def refusals_json(refusals: Mapping[str, Refusal]) -> list[Json]:
    """Returns the refused stacks as JSON objects, by key."""
    return [
        {
            "stack": key,
            "path": one.place.path if one.place is not None else None,
            "line": (one.place.line or None) if one.place is not None else None,
            "why": one.message,
            "hint": one.hint,
        }
        for key, one in sorted(refusals.items())
    ]
