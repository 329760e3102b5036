"""The output of tflint for sources, from its JSON."""

from __future__ import annotations

import msgspec

from terrace.assess.model import Finding, Severity, Status
from terrace.checks.scanners.heard import Known, decoded

TOOL = "tflint"

_SEVERITIES = {"error": Severity.HIGH, "warning": Severity.MEDIUM, "notice": Severity.LOW, "info": Severity.LOW}


class Position(msgspec.Struct):
    """A position in a file."""

    line: int = 0


class Range(msgspec.Struct):
    """A place; the path of the file is relative to the folder that tflint was started in."""

    filename: str = ""
    start: Position = msgspec.field(default_factory=Position)


class RuleName(msgspec.Struct):
    """A rule, with its severity and its page."""

    name: str
    severity: str = "warning"
    link: str = ""


class Issue(msgspec.Struct):
    """One thing that a rule found."""

    rule: RuleName
    message: str
    range: Range = msgspec.field(default_factory=Range)


class Failure(msgspec.Struct):
    """An error of tflint."""

    message: str
    severity: str = "error"
    range: Range | None = None


class Report(msgspec.Struct):
    """The whole report."""

    issues: list[Issue]
    errors: list[Failure]


def of_sources(said: bytes, known: Known) -> tuple[Finding, ...]:
    """Returns findings by file and line. A file that tflint could not read is unknown."""
    report = decoded(TOOL, said, Report)
    return (*(_issue(one, known) for one in report.issues), *(_failure(one, known) for one in report.errors))


def _issue(issue: Issue, known: Known) -> Finding:
    return Finding(
        rule=f"{TOOL}.{issue.rule.name}",
        severity=_SEVERITIES.get(issue.rule.severity.lower(), Severity.MEDIUM),
        status=Status.FAIL,
        tool=TOOL,
        message=issue.message,
        path=known(issue.range.filename),
        line=max(issue.range.start.line, 0),
        fix=issue.rule.link or None,
    )


def _failure(failure: Failure, known: Known) -> Finding:
    place = failure.range or Range()
    return Finding(
        rule=TOOL,
        severity=Severity.HIGH,
        status=Status.UNKNOWN,
        tool=TOOL,
        message=f"tflint could not scan: {failure.message}",
        path=known(place.filename) if place.filename else None,
        line=max(place.start.line, 0),
        fix="fix the error",
    )
