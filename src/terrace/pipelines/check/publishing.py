"""A check goes to where the change is talked about: one living comment, and a verdict with remarks at their lines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from terrace.assess.model import Finding, Severity, Status
from terrace.forge.ports import Page, Remark
from terrace.report.checked import Checked, also_reported, finding_text
from terrace.report.markdown.comment import MARKER, comment
from terrace.text import clipped

NAME = "terrace"
"""What the verdict is called: the name that a branch's protection asks for."""

MOST = 200
"""Remarks at lines; the comment and the reports have the rest."""


def publish(page: Page, record: Checked) -> tuple[str, ...]:
    """Put a check on the page of its change. Returns the addresses, the comment's first.

    The verdict comes last: where it stands, the comment is of the same check.
    """
    body = comment(record)
    written = page.comment(MARKER, body)
    concluded = page.conclude(
        NAME, passed=record.passed, title=title(record), summary=body, remarks=remarks(record.assessment.findings)
    )
    return (written, concluded)


def title(record: Checked) -> str:
    """The verdict in one line."""
    held = len(record.blocking)
    stacks = len(record.assessment.change_set.impacts)
    reach = f"{stacks} {'stack' if stacks == 1 else 'stacks'}, risk {record.risk.level}"
    return (
        f"pass: {reach}" if record.passed else f"{held} {'finding holds' if held == 1 else 'findings hold'} it: {reach}"
    )


def remarks(findings: Sequence[Finding]) -> tuple[Remark, ...]:
    """What can be shown at a line of a file, what holds the change first; at most MOST."""
    placed = [finding for finding in findings if finding.path and finding.line]
    placed.sort(key=lambda f: (not f.blocks, -f.severity, f.path or "", f.line, f.rule))
    return tuple(_remark(finding) for finding in placed[:MOST])


def _remark(finding: Finding) -> Remark:
    fix = f"\n{clipped(finding.fix)}" if finding.fix else ""
    doubt = "could not be told: " if finding.status is Status.UNKNOWN else ""
    return Remark(
        finding.path or "",
        finding.line,
        _level(finding),
        clipped(finding.rule, 200),
        f"{doubt}{clipped(finding_text(finding) + also_reported(finding), 2000)}{fix}",
    )


def _level(finding: Finding) -> Literal["failure", "warning", "notice"]:
    if finding.blocks:
        return "failure"
    return "notice" if finding.status is Status.WAIVED or finding.severity is Severity.INFO else "warning"
