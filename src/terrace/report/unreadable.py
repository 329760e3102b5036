"""The stacks of the protected branch that are not known, because its configuration cannot be read: what it means."""

from __future__ import annotations

from terrace.config.problems import BadConfig
from terrace.errors import TerraceError
from terrace.report.machine import Json

_WORKS = "what is deployed stays as it is, and `terrace status`, `terrace history` and `terrace show` work"


def unreadable_text(error: TerraceError, where: str) -> str:
    """Returns the error with its place, what it keeps from working, and how to go on. `where` is the protected branch.

    Without a terrace.yaml that can be read, the commands that go on take the last rules that can be read.
    """
    told = f"the stacks of {where} are not known: {error}\n"
    if isinstance(error, BadConfig):
        told += f"nothing is checked, planned or deployed until that is fixed there; {_WORKS}, by the rules before\n"
    else:
        told += (
            f"nothing is planned or deployed until that is fixed there; {_WORKS}, and so does `terrace drift look`\n"
        )
    return f"{told}hint: {error.hint or 'terrace config check'}"


def unreadable_json(error: TerraceError | None) -> Json | None:
    """Returns the error for machines; None where there is none."""
    if error is None:
        return None
    place = str(error.place) if error.place is not None else None
    return {"error": error.message, "hint": error.hint, "place": place}
