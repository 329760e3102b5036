"""The row of `terrace doctor` for one requirement."""

from __future__ import annotations

from dataclasses import dataclass

from terrace.errors import TerraceError
from terrace.report.json.setup import RequirementState


@dataclass(frozen=True, slots=True)
class Row:
    """The result for one requirement. `state`: ok, missing, or optional (missing, but only some commands need it)."""

    what: str
    state: RequirementState
    status: str
    how: str = ""


def unchecked_row(subject: str, error: TerraceError) -> Row:
    """Returns the row of a requirement that could not be checked."""
    return Row(subject, "missing", str(error), error.hint or "")
