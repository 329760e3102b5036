"""The reports of a check: their formats and files."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from terrace.apps.output.console import show
from terrace.errors import BadInput, NotReady
from terrace.report import junit, sarif
from terrace.report.checked import Checked
from terrace.report.json.checks import check_all_json, check_json
from terrace.report.json.record import encode
from terrace.report.markdown.audit import audit_markdown
from terrace.report.markdown.comment import comment
from terrace.report.terminal.audit import audit_report
from terrace.report.terminal.checks import check_report
from terrace.report.terminal.screen import plain_text
from terrace.text import json_text, visible

if TYPE_CHECKING:
    from terrace.compliance.audit import Audited
    from terrace.report.terminal.screen import Record


@dataclass(frozen=True, slots=True)
class Report:
    """A report in one format. `file` is None for stdout."""

    style: str
    file: Path | None

    def write(self, record: Checked) -> None:
        """Writes the report. Raises NotReady if the file cannot be written."""
        if self.file is None and self.style == "terminal":
            show(check_report(record))
        elif self.file is None:
            sys.stdout.write(_printed(self.style, WRITERS[self.style](record)))
        else:
            try:
                self.file.write_text(WRITERS[self.style](record), encoding="utf-8")
            except OSError as error:
                what = f"the {self.style} report cannot be written to {visible(str(self.file))}"
                raise NotReady(f"{what}: {error.strerror}", hint="specify a writable file") from error


def requested_reports(folder: Path, style: str, output: str | None, reports: tuple[str, ...]) -> tuple[Report, ...]:
    """Returns the requested reports; paths are relative to `folder`. Raises BadInput for invalid options."""
    found = [Report(style, _file(folder, output) if output is not None else None)]
    for text in reports:
        name, _, file = text.partition("=")
        if name not in WRITERS or not file:
            raise BadInput(f"--report {visible(text)} is not FORMAT=FILE", hint=f"formats are {', '.join(WRITERS)}")
        found.append(Report(name, _file(folder, file)))
    files = [report.file for report in found if report.file is not None]
    for target in files:
        if files.count(target) > 1:
            raise BadInput(
                f"two reports have the same file {visible(str(target))}", hint="use a different file for each report"
            )
    return tuple(found)


def _file(folder: Path, name: str) -> Path:
    file = folder / name
    if file.is_dir() or not file.parent.is_dir():
        raise BadInput(
            f"no report can be written to {visible(name)}: it is a folder, or its folder does not exist",
            hint="specify a file in an existing folder",
        )
    return file


def deliver(told: Record, style: str, output: Path | None) -> None:
    """Writes a finished report to stdout or to a file. Raises NotReady if the file cannot be written."""
    if output is None and not isinstance(told, str):
        show(told)
        return
    text = told if isinstance(told, str) else plain_text(told)
    if output is None:
        sys.stdout.write(_printed(style, text))
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        what = f"the {style} report cannot be written to {visible(str(output))}"
        raise NotReady(f"{what}: {error.strerror}", hint="specify a writable file") from error


def _printed(style: str, text: str) -> str:
    return json_text(text) if style in ("json", "sarif") else text


def output_file(folder: Path, output: str | None) -> Path | None:
    """Returns the path of a report, relative to `folder`. Raises BadInput for an invalid path."""
    return _file(folder, output) if output is not None else None


def _plain_terminal(record: Checked) -> str:
    return plain_text(check_report(record))


def _html(record: Checked) -> str:
    from terrace.report.html.check import check_page

    return check_page(record)


WRITERS: Mapping[str, Callable[[Checked], str]] = {
    "terminal": _plain_terminal,
    "markdown": comment,
    "html": _html,
    "sarif": sarif.check,
    "junit": junit.check,
    "json": lambda record: encode(check_json(record)),
}
"""The formats of `terrace check`."""

AUDIT_WRITERS: Mapping[str, Callable[[tuple[Audited, ...]], Record]] = {
    "terminal": audit_report,
    "markdown": audit_markdown,
    "sarif": sarif.full_check,
    "json": lambda audits: encode(check_all_json(audits)),
}
"""The formats of `terrace check --all`."""
