"""The formats of reports by name, in the order in which help and errors list them. A new format is added here.

Options, help, errors and writers of `--format` and `--report` read this dict. Renderers are imported when used.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from terrace.compliance.audit import Audited
    from terrace.compliance.overview import Compliance
    from terrace.drift.review import Review
    from terrace.report.check_outcome import CheckOutcome
    from terrace.report.json.drift import RemediationPart
    from terrace.report.terminal.screen import Record
    from terrace.stacks.refusals import Refusal

Audits = tuple["Audited", ...]

FileType = Literal["text", "markdown", "html", "json", "xml"]


@dataclass(frozen=True, slots=True)
class DriftReport:
    """The drift of some environments, what was reverted, and the stacks that were refused, by key. `full` shows every
    difference and every value completely."""

    reviews: tuple[Review, ...]
    remediations: tuple[RemediationPart, ...] = ()
    refused: Mapping[str, Refusal] = field(default_factory=dict)
    full: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Format:
    """A format of reports: its name, the type of its files and their extension.

    `check` renders the check of a change, `audit` a check of everything that is deployed, `compliance` and `drift`
    their reports. A format without a renderer for a report does not have it.
    """

    name: str
    type: FileType
    extension: str
    check: Callable[[CheckOutcome], Record] | None = None
    audit: Callable[[Audits], Record] | None = None
    compliance: Callable[[Compliance], Record] | None = None
    drift: Callable[[DriftReport], Record] | None = None


def _terminal_check(record: CheckOutcome) -> Record:
    from terrace.report.terminal.checks import check_report

    return check_report(record)


def _terminal_audit(audits: Audits) -> Record:
    from terrace.report.terminal.audit import audit_report

    return audit_report(audits)


def _terminal_compliance(record: Compliance) -> Record:
    from terrace.report.terminal.compliance import compliance_report

    return compliance_report(record)


def _terminal_drift(report: DriftReport) -> Record:
    from terrace.report.terminal.drift import drift_report

    return drift_report(report.reviews, full=report.full)


def _markdown_check(record: CheckOutcome) -> str:
    from terrace.report.markdown.comment import comment

    return comment(record)


def _markdown_audit(audits: Audits) -> str:
    from terrace.report.markdown.audit import audit_markdown

    return audit_markdown(audits)


def _markdown_compliance(record: Compliance) -> str:
    from terrace.report.markdown.compliance import compliance_markdown

    return compliance_markdown(record)


def _markdown_drift(report: DriftReport) -> str:
    from terrace.report.markdown.drift import drift_markdown

    return drift_markdown(report.reviews, full=report.full)


def _html_check(record: CheckOutcome) -> str:
    from terrace.report.html.check import check_page

    return check_page(record)


def _html_compliance(record: Compliance) -> str:
    from terrace.report.html.compliance import compliance_page

    return compliance_page(record)


def _sarif_check(record: CheckOutcome) -> str:
    from terrace.report import sarif

    return sarif.check(record)


def _sarif_audit(audits: Audits) -> str:
    from terrace.report import sarif

    return sarif.full_check(audits)


def _junit_check(record: CheckOutcome) -> str:
    from terrace.report import junit

    return junit.check(record)


def _json_check(record: CheckOutcome) -> str:
    from terrace.report.json.checks import check_json
    from terrace.report.json.record import encode

    return encode(check_json(record))


def _json_audit(audits: Audits) -> str:
    from terrace.report.json.checks import check_all_json
    from terrace.report.json.record import encode

    return encode(check_all_json(audits))


def _json_compliance(record: Compliance) -> str:
    from terrace.report.json.compliance import compliance_json
    from terrace.report.json.record import encode

    return encode(compliance_json(record))


def _json_drift(report: DriftReport) -> str:
    from terrace.report.json.drift import drift_json
    from terrace.report.json.record import encode

    return encode(drift_json(report.reviews, report.remediations, report.refused))


TERMINAL = Format(
    name="terminal",
    type="text",
    extension=".txt",
    check=_terminal_check,
    audit=_terminal_audit,
    compliance=_terminal_compliance,
    drift=_terminal_drift,
)
MARKDOWN = Format(
    name="markdown",
    type="markdown",
    extension=".md",
    check=_markdown_check,
    audit=_markdown_audit,
    compliance=_markdown_compliance,
    drift=_markdown_drift,
)
HTML = Format(name="html", type="html", extension=".html", check=_html_check, compliance=_html_compliance)
SARIF = Format(name="sarif", type="json", extension=".sarif", check=_sarif_check, audit=_sarif_audit)
JUNIT = Format(name="junit", type="xml", extension=".xml", check=_junit_check)
JSON = Format(
    name="json",
    type="json",
    extension=".json",
    check=_json_check,
    audit=_json_audit,
    compliance=_json_compliance,
    drift=_json_drift,
)

FORMATS: Mapping[str, Format] = {format_.name: format_ for format_ in (TERMINAL, MARKDOWN, HTML, SARIF, JUNIT, JSON)}

CHECK_FORMATS: Mapping[str, Callable[[CheckOutcome], Record]] = {n: f.check for n, f in FORMATS.items() if f.check}
"""The renderers of `terrace check` by format."""

AUDIT_FORMATS: Mapping[str, Callable[[Audits], Record]] = {n: f.audit for n, f in FORMATS.items() if f.audit}
"""The renderers of `terrace check --all` by format."""

COMPLIANCE_FORMATS: Mapping[str, Callable[[Compliance], Record]] = {
    n: f.compliance for n, f in FORMATS.items() if f.compliance
}
"""The renderers of `terrace report compliance` by format."""

DRIFT_FORMATS: Mapping[str, Callable[[DriftReport], Record]] = {n: f.drift for n, f in FORMATS.items() if f.drift}
"""The renderers of `terrace drift` by format."""
