"""Former names, for the commands that do not use the packages of the formats yet."""

from __future__ import annotations

from terrace.compliance.overview import Compliance
from terrace.report.compliance_words import has_failures as failing
from terrace.report.json.compliance import compliance_json
from terrace.report.json.record import encode
from terrace.report.markdown.compliance import compliance_markdown as as_markdown
from terrace.report.terminal.compliance import compliance_report as as_terminal

__all__ = ["as_markdown", "as_terminal", "failing"]


def as_json(record: Compliance) -> str:
    return encode(compliance_json(record))
