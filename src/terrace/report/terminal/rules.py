"""Problems of the configuration of the protected branch, in a terminal: refused stacks, and unreadable rules."""

from __future__ import annotations

from collections.abc import Mapping

from terrace.config.problems import BadConfig
from terrace.errors import TerraceError
from terrace.stacks.refusals import Refusal
from terrace.text import visible

_WORKS = (
    "the deployed configuration stays as it is, and `terrace status`, `terrace history` and `terrace show` still work"
)


def refusal_lines(refusals: Mapping[str, Refusal]) -> str:
    """Returns two lines for each refused stack: the reason with its place, and what to do."""
    lines = []
    for key, refusal in sorted(refusals.items()):
        place = f" ({refusal.place})" if refusal.place is not None else ""
        lines.append(f"refused: {key}{place}: {refusal.message}")
        lines.append(f"  hint: {refusal.hint}")
    return "\n".join(visible(line) for line in lines)


def unreadable_text(error: TerraceError, where: str) -> str:
    """Returns the error with its place, its effect, and what to do. `where` is the protected branch.

    Without a readable terrace.yaml, the commands that still work use the last readable rules.
    """
    text = f"the stacks of {where} are unknown: {error}\n"
    if isinstance(error, BadConfig):
        text += (
            f"nothing is checked, planned or deployed until that is fixed there; {_WORKS}, with the previous rules\n"
        )
    else:
        text += (
            f"nothing is planned or deployed until that is fixed there; {_WORKS}, and so does `terrace drift look`\n"
        )
    return f"{text}hint: {error.hint or 'terrace config check'}"
