"""Full checks (`check --all`) as Markdown."""

from __future__ import annotations

from collections.abc import Iterable

from terrace.compliance.audit import Audited
from terrace.report.audit_words import MOST, basis_words, counts_words, doubt
from terrace.report.check_outcome import level_word, place, worst_first
from terrace.report.markdown.escape import code, plain
from terrace.text import clip
from terrace.words import and_more


def audit_markdown(audits: Iterable[Audited]) -> str:
    """Returns a page with every environment and its findings, the worst first."""
    lines = ["# Deployed configuration"]
    for audit in audits:
        lines += ["", f"## {plain(audit.scope.environment)}", "", *audit_section(audit)]
    return "\n".join(lines) + "\n"


def audit_section(audit: Audited) -> list[str]:
    """Returns the lines about one environment, without a heading."""
    lines = [f"CheckOutcome: {plain(basis_words(audit))}. {counts_words(audit)}.", ""]
    findings = worst_first(audit.findings)
    if not findings:
        return [*lines, "No findings."]
    lines += ["| level | rule | where | what |", "| --- | --- | --- | --- |"]
    lines += [
        f"| {level_word(f)} | {code(clip(f.rule))} | {code(clip(place(f) or '-'))} | "
        f"{doubt(f)}{plain(clip(f.message))} |"
        for f in findings[:MOST]
    ]
    if more := and_more(len(findings) - MOST):
        lines += ["", f"{more.capitalize()}."]
    return lines
