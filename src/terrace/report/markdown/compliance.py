"""Compliance reports as Markdown."""

from __future__ import annotations

from terrace.compliance.overview import Compliance
from terrace.report.compliance_words import (
    CAVEAT,
    check_words,
    coverage,
    evidence_sentence,
    framework_title,
    moment,
    relevant_evidence,
    totals,
)
from terrace.report.markdown.escape import code, plain
from terrace.text import clip


def compliance_markdown(record: Compliance) -> str:
    """Returns every control of every framework in a table, and the evidence of those that pass or fail."""
    lines = [f"# Compliance, {moment(record.at)}", "", CAVEAT, ""]
    lines += ["| environment | checked | notes |", "| --- | --- | --- |"]
    lines += [
        f"| {plain(looked.environment)} | {plain(check_words(looked))} | {plain('; '.join(looked.notes)) or '-'} |"
        for looked in record.looked
    ]
    for result in record.frameworks:
        lines += ["", f"## {plain(framework_title(result))}", "", f"**{totals(result)}**", ""]
        lines += [f"Listed: {plain(result.framework.scope)}. Mapping: {plain(result.framework.source)}.", ""]
        lines += ["| control | about | state | why | evidence |", "| --- | --- | --- | --- | --- |"]
        for control_result in result.controls:
            control = control_result.control
            row = (
                code(control.id),
                plain(control.title),
                control_result.state,
                plain(clip(control_result.why)),
                coverage(control_result),
            )
            lines.append(f"| {' | '.join(row)} |")
        shown = [control_result for control_result in result.controls if control_result.state in ("fail", "pass")]
        if shown:
            lines += ["", "### Evidence", ""]
        for control_result in shown:
            lines.append(f"- {code(control_result.control.id)} {control_result.state}")
            evidence = relevant_evidence(control_result)
            lines += [f"  - {e.outcome.word}: {plain(clip(evidence_sentence(e)))}" for e in evidence]
            lines += [f"    - {code(clip(place))}" for e in evidence for place in e.places]
    lines += ["", f"Rules {code(record.policy)}, ledger {code(record.head[:12] or 'empty')}."]
    return "\n".join(lines) + "\n"
