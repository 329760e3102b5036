"""The requested reports: their formats, and where they are written."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from terrace.apps.output.console import show
from terrace.apps.output.pager import paged
from terrace.errors import BadInput, NotReady
from terrace.report.formats import CHECK_FORMATS, FORMATS, Format
from terrace.report.terminal.screen import plain_text
from terrace.text import json_text, visible

if TYPE_CHECKING:
    from terrace.report.terminal.screen import Record


@dataclass(frozen=True, slots=True)
class Report:
    """A report in one format. `file` is None for stdout."""

    format: Format
    file: Path | None

    def write(self, record: Record) -> None:
        """Writes the rendered report. Raises NotReady if the file cannot be written."""
        if self.file is None and not isinstance(record, str):
            with paged():
                show(record)
            return
        text = record if isinstance(record, str) else plain_text(record)
        if self.file is None:
            sys.stdout.write(json_text(text) if self.format.type == "json" else text)
            return
        try:
            self.file.write_text(text, encoding="utf-8")
        except OSError as error:
            problem = f"the {self.format.name} report cannot be written to {visible(str(self.file))}"
            raise NotReady(f"{problem}: {error.strerror}", hint="specify a writable file") from error


def requested_report(folder: Path, name: str, output: str | None) -> Report:
    """Returns the report of `--format` and `--output`, relative to `folder`. Raises BadInput for an invalid path."""
    return Report(FORMATS[name], _file(folder, output) if output is not None else None)


def requested_reports(folder: Path, name: str, output: str | None, reports: tuple[str, ...]) -> tuple[Report, ...]:
    """Returns the reports of a check, with those of `--report`. Raises BadInput for invalid options."""
    requested = [requested_report(folder, name, output)]
    for text in reports:
        name, _, file = text.partition("=")
        if name not in CHECK_FORMATS:
            hint = f"formats are {', '.join(CHECK_FORMATS)}"
            raise BadInput(f"--report {visible(text)} is not FORMAT=FILE", hint=hint)
        if not file:
            hint = f"for example: --report {name}=check{FORMATS[name].extension}"
            raise BadInput(f"--report {visible(text)} is not FORMAT=FILE", hint=hint)
        requested.append(Report(FORMATS[name], _file(folder, file)))
    files = [report.file for report in requested if report.file is not None]
    for target in files:
        if files.count(target) > 1:
            raise BadInput(
                f"two reports have the same file {visible(str(target))}", hint="use a different file for each report"
            )
    return tuple(requested)


def _file(folder: Path, name: str) -> Path:
    file = folder / name
    if file.is_dir() or not file.parent.is_dir():
        raise BadInput(
            f"no report can be written to {visible(name)}: it is a folder, or its folder does not exist",
            hint="specify a file in an existing folder",
        )
    return file
