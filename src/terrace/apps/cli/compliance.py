"""`report compliance`: what the ledger has evidence for, control by control. It only reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from terrace.apps.cli.actions import Ending, ended
from terrace.apps.cli.audit import names_of
from terrace.apps.cli.reports import deliver, output_file
from terrace.apps.wiring.project import Project, now
from terrace.compliance.frameworks import NAMES
from terrace.compliance.gathering import Known, Span
from terrace.compliance.overview import Compliance, compliance
from terrace.compliance.shipped import aliases, framework, sources
from terrace.report import compliance as report
from terrace.report.html.compliance import as_html

if TYPE_CHECKING:
    from terrace.report.screen import Record

STYLES: Mapping[str, Callable[[Compliance], Record]] = {
    "terminal": report.as_terminal,
    "markdown": report.as_markdown,
    "html": as_html,
    "json": report.as_json,
}
"""What the report can be told as."""


def told(
    folder: str,
    frameworks: tuple[str, ...],
    environments: tuple[str, ...],
    style: str,
    output: str | None,
    stale: int,
    period: int,
) -> int:
    """Tell it; exit 1 when a control fails."""
    file = output_file(Path(folder), output)
    wanted = tuple(framework(name) for name in dict.fromkeys(frameworks or NAMES))
    project = Project(Path(folder))
    names = names_of(project, environments)
    known = Known(project.trust.config, project.ledger.read(), project.trust.policy, project.proof, aliases())
    span = Span(now(), timedelta(days=stale), timedelta(days=period))
    record = compliance(known, names, wanted, sources(), span)
    deliver(STYLES[style](record), style, file)
    return ended(Ending({}, lambda: report.as_markdown(record)), 1 if report.failing(record.frameworks) else 0)
