"""Former names, for the commands that do not use the packages of the formats yet."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import msgspec

from terrace.compliance.audit import Audited
from terrace.report import sarif
from terrace.report.json.checks import check_all_json
from terrace.report.json.record import Json, encode
from terrace.report.markdown.audit import audit_markdown
from terrace.report.terminal.audit import audit_report as as_terminal
from terrace.report.terminal.screen import Record

__all__ = ["as_terminal"]

STYLES: Mapping[str, Callable[[tuple[Audited, ...]], Record]] = {
    "terminal": as_terminal,
    "markdown": audit_markdown,
    "sarif": sarif.full_check,
    "json": lambda audits: encode(check_all_json(audits)),
}


def as_json(audits: Iterable[Audited]) -> Json:
    found: Json = msgspec.to_builtins(check_all_json(audits))
    return found
