"""Full checks (`check --all`) in a terminal."""

from __future__ import annotations

from collections.abc import Iterable

from terrace.compliance.audit import Audited
from terrace.report.audit_words import MOST, basis_words, counts_words, doubt
from terrace.report.check_outcome import level_word, place, worst_first
from terrace.report.terminal.screen import Group, Record, line
from terrace.text import clip, visible
from terrace.words import and_more


def audit_report(audits: Iterable[Audited]) -> Record:
    """Returns every environment with its findings, the worst first."""
    parts: list[Record] = []
    for audit in audits:
        parts.append(line((visible(audit.scope.environment), "bold"), f": {visible(basis_words(audit))}"))
        parts.append(line(f"  {counts_words(audit)}", style="dim"))
        findings = worst_first(audit.findings)
        for finding in findings[:MOST]:
            style = "red" if finding.blocks else "yellow"
            where = f" at {clip(at)}" if (at := place(finding)) else ""
            text = f"{clip(finding.rule)}{where}: {doubt(finding)}{clip(finding.message)}"
            parts.append(line((f"  {level_word(finding):<9}", style), text))
            if finding.fix and finding.blocks:
                parts.append(line(f"            fix: {clip(finding.fix)}"))
        if more := and_more(len(findings) - MOST):
            parts.append(line(f"  {more}: --format json"))
        if not findings:
            parts.append(line("  no findings", style="green"))
    return Group(*parts)
