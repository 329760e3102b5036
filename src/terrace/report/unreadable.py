"""Former names, for the commands that do not use the packages of the formats yet."""

from __future__ import annotations

from terrace.errors import TerraceError
from terrace.report.json.record import Json
from terrace.report.terminal.rules import unreadable_text as unreadable_text

__all__ = ["unreadable_text"]


def unreadable_json(error: TerraceError | None) -> Json | None:
    if error is None:
        return None
    return {
        "error": error.message,
        "hint": error.hint,
        "place": str(error.place) if error.place is not None else None,
    }
