"""Publishing of a check on the page of its change: one comment that is kept up to date, and a verdict with
annotations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from terrace.assess.model import Finding, Severity, Status
from terrace.forge.ports import Annotation, Page
from terrace.report.check_outcome import CheckOutcome, also_reported, finding_text
from terrace.report.markdown.comment import MARKER, comment
from terrace.text import clip

NAME = "terrace"
"""Name of the verdict, which branch protection requires."""

MOST = 200
"""Maximum number of annotations at lines; the comment and the reports have all findings."""


def publish(page: Page, record: CheckOutcome) -> tuple[str, ...]:
    """Publishes a check on the page of its change. Returns the addresses, the comment's first.

    The verdict is written last, so that the comment belongs to the same check.
    """
    body = comment(record)
    written = page.comment(MARKER, body)
    concluded = page.conclude(
        NAME, passed=record.passed, title=title(record), summary=body, remarks=remarks(record.assessment.findings)
    )
    return (written, concluded)


def title(record: CheckOutcome) -> str:
    """Returns the verdict in one line."""
    held = len(record.blocking)
    stacks = len(record.assessment.change_set.impacts)
    reach = f"{stacks} {'stack' if stacks == 1 else 'stacks'}, risk {record.risk.level}"
    return f"pass: {reach}" if record.passed else f"{held} blocking {'finding' if held == 1 else 'findings'}: {reach}"


def remarks(findings: Sequence[Finding]) -> tuple[Annotation, ...]:
    """Returns the findings at lines of files as annotations, blocking ones first; at most MOST."""
    placed = [finding for finding in findings if finding.path and finding.line]
    placed.sort(key=lambda f: (not f.blocks, -f.severity, f.path or "", f.line, f.rule))
    return tuple(_remark(finding) for finding in placed[:MOST])


def _remark(finding: Finding) -> Annotation:
    fix = f"\n{clip(finding.fix)}" if finding.fix else ""
    doubt = "unknown: " if finding.status is Status.UNKNOWN else ""
    return Annotation(
        finding.path or "",
        finding.line,
        _level(finding),
        clip(finding.rule, 200),
        f"{doubt}{clip(finding_text(finding) + also_reported(finding), 2000)}{fix}",
    )


def _level(finding: Finding) -> Literal["failure", "warning", "notice"]:
    if finding.blocks:
        return "failure"
    return "notice" if finding.status is Status.WAIVED or finding.severity is Severity.INFO else "warning"
