"""Compliance reports in a terminal."""

from __future__ import annotations

from terrace.compliance.overview import Compliance
from terrace.compliance.results import ControlResult, Outcome, State
from terrace.report.compliance_words import (
    CAVEAT,
    check_words,
    coverage,
    evidence_sentence,
    framework_title,
    relevant_evidence,
    totals,
)
from terrace.report.terminal.screen import Group, Record, line
from terrace.text import clip, visible
from terrace.words import and_more

STATE_STYLES = {"pass": "green", "fail": "red", "not evaluated": "yellow", "manual": "dim"}
_MOST = 5


def compliance_report(record: Compliance) -> Record:
    """Returns the environments; then of each framework the totals, the controls that fail and pass, and the ids of the
    others."""
    parts: list[Record] = []
    for looked in record.looked:
        parts.append(line((visible(looked.environment), "bold"), f": {visible(check_words(looked))}"))
        parts += [line(f"  note: {visible(note)}", style="yellow") for note in looked.notes]
    for result in record.frameworks:
        parts += [line(""), line(visible(framework_title(result)), style="bold"), line(f"  {totals(result)}")]
        for state in ("fail", "pass"):
            for control_result in (a for a in result.controls if a.state == state):
                control = control_result.control
                head = f"{control.id:<9} {visible(control.title)} ({coverage(control_result)})"
                parts.append(line((f"  {state:<5}", STATE_STYLES[state]), head))
                parts += _evidence(control_result, state)
        for state in ("not evaluated", "manual"):
            ids = [control_result.control.id for control_result in result.controls if control_result.state == state]
            if ids:
                parts.append(line((f"  {state}: ", STATE_STYLES[state]), ", ".join(ids)))
    parts += [line(""), line(CAVEAT), line("reasons for each state: --format markdown, html or json", style="dim")]
    return Group(*parts)


def _evidence(control_result: ControlResult, state: State) -> list[Record]:
    shown = [e for e in relevant_evidence(control_result) if state != "fail" or e.outcome >= Outcome.WAIVED]
    lines: list[Record] = [line(f"          {clip(evidence_sentence(e))}", style="dim") for e in shown[:_MOST]]
    if more := and_more(len(shown) - _MOST):
        lines.append(line(f"          {more}", style="dim"))
    if state == "fail":
        places = [place for evidence in shown for place in evidence.places]
        lines += [line(f"            {clip(place)}") for place in places[:_MOST]]
        if more := and_more(len(places) - _MOST):
            lines.append(line(f"            {more}"))
    return lines
