"""Messages of Terraform in a terminal."""

from __future__ import annotations

from terrace.errors import Diagnostic
from terrace.report.diagnostics import diagnostic_lines
from terrace.report.terminal.screen import Line, line

_STYLES = {"error": "red", "warning": "yellow"}


def diagnostic_parts(diagnostic: Diagnostic) -> list[Line]:
    """Returns one message in full, a line each."""
    title, *others = diagnostic_lines(diagnostic)
    return [line(title, style=_STYLES.get(diagnostic.severity, "")), *map(line, others)]
