"""`explain`: what a rule means."""

from __future__ import annotations

from dataclasses import asdict

from terrace.apps.cli.console import emit, show
from terrace.assess.rules import rule


def explain(name: str, *, as_json: bool) -> int:
    """One rule in sentences; BadInput when there is none of that name."""
    found = rule(name)
    if as_json:
        emit({"schema": "terrace/explain@1", **asdict(found)})
        return 0
    for title, text in (("", found.means), ("why: ", found.why), ("fix: ", found.fix), ("waive: ", found.waive)):
        show(f"{title}{text}" if title else f"{found.name}: {text}")
    return 0
