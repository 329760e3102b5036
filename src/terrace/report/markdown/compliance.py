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
from terrace.text import clipped


def compliance_markdown(record: Compliance) -> str:
    """Returns every control of every framework in a table, and the evidence of those that pass or fail."""
    lines = [f"# Compliance, {moment(record.at)}", "", CAVEAT, ""]
    lines += ["| environment | checked | notes |", "| --- | --- | --- |"]
    lines += [
        f"| {plain(looked.environment)} | {plain(check_words(looked))} | {plain('; '.join(looked.notes)) or '-'} |"
        for looked in record.looked
    ]
    for answers in record.frameworks:
        lines += ["", f"## {plain(framework_title(answers))}", "", f"**{totals(answers)}**", ""]
        lines += [f"Listed: {plain(answers.framework.scope)}. Mapping: {plain(answers.framework.source)}.", ""]
        lines += ["| control | about | state | why | evidence |", "| --- | --- | --- | --- | --- |"]
        for answer in answers.answers:
            control = answer.control
            row = (code(control.id), plain(control.title), answer.state, plain(clipped(answer.why)), coverage(answer))
            lines.append(f"| {' | '.join(row)} |")
        shown = [answer for answer in answers.answers if answer.state in ("fail", "pass")]
        if shown:
            lines += ["", "### Evidence", ""]
        for answer in shown:
            lines.append(f"- {code(answer.control.id)} {answer.state}")
            evidence = relevant_evidence(answer)
            lines += [f"  - {e.outcome.word}: {plain(clipped(evidence_sentence(e)))}" for e in evidence]
            lines += [f"    - {code(clipped(place))}" for e in evidence for place in e.places]
    lines += ["", f"Rules {code(record.policy)}, ledger {code(record.head[:12] or 'empty')}."]
    return "\n".join(lines) + "\n"
