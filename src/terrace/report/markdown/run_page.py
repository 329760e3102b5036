"""What a command came to as Markdown, for the page of the run of CI that it was part of."""

from __future__ import annotations

from collections.abc import Iterable

from terrace.report.machine import Json
from terrace.report.markdown.escape import code, plain
from terrace.text import clipped

MOST = 50
"""Reasons, steps and environments that are told; machines get all."""


def deployed(told: Json, handle: str) -> str:
    """How far a deployment got, and what comes next."""
    environment, result = told["environment"], told["result"]
    lines = [f"### {plain(environment)}: {plain(result)}", ""]
    lines += [
        f"Commit {code(told['commit'][:7])}"
        + (f", deployment {code(told['deployment'])}" if told["deployment"] else "")
    ]
    lines += ["", *(f"- {plain(clipped(reason))}" for reason in told["reasons"][:MOST])]
    if handle:
        lines += ["", f"To agree to exactly these plans: {code(f'/terrace approve {environment} {handle}')}"]
    if told["steps"]:
        rows = ((s["name"], s.get("stack") or "", s["result"] or "under way") for s in told["steps"][-MOST:])
        lines += ["", *_table(("step", "stack", "result"), rows)]
    return "\n".join(lines) + "\n\n"


def status(told: Json) -> str:
    """Where every environment stands."""
    rows = (
        (one["name"], one["state"], one.get("commit", "")[:7], "; ".join(one["waiting_for"]))
        for one in told["environments"][:MOST]
    )
    return "\n".join(_table(("environment", "state", "commit", "waits for"), rows)) + "\n\n"


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> list[str]:
    cells = [f"| {' | '.join(plain(clipped(cell)) for cell in row)} |" for row in rows]
    return [f"| {' | '.join(head)} |", f"|{' --- |' * len(head)}", *cells]
