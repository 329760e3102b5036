"""A compliance report as JSON, Markdown, and as a person reads it in a terminal. HTML stands beside it.

A share of controls is never told alone: what is not evaluated and what people assess stands next to it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime

from terrace.compliance.answers import STATES, Answer, Answers, Evidence, Outcome, State, distinct
from terrace.compliance.overview import Compliance, Looked
from terrace.report.machine import Json, when
from terrace.report.markdown.escape import code, plain
from terrace.report.screen import Group, Record, line
from terrace.text import clipped, visible

CAVEAT = (
    "This says what Terrace looked at: plans of what is deployed, and its own ledger. "
    "It proves no control: a control also asks for what no plan shows."
)
SHADES = {"pass": "green", "fail": "red", "not evaluated": "yellow", "manual": "dim"}


def totals(told: Answers) -> str:
    """How many controls are in which state, of how many."""
    parts = [f"{told.count(state)} {state}" for state in STATES]
    return f"{', '.join(parts)} of {len(told.answers)} listed"


def title(told: Answers) -> str:
    """Name and version."""
    return f"{told.framework.name} {told.framework.version}"


def looked(one: Looked) -> str:
    """When an environment was looked at, and at which commit."""
    if one.look is None:
        return "never looked at"
    commits = ", ".join(commit[:7] for commit in one.look.scope.commits)
    found = one.look.findings
    numbers = ", ".join(f"{found.get(word, 0)} {word}" for word in ("fail", "unknown", "waived"))
    return f"{moment(one.look.at)} at {commits} by {one.look.by}, rules {one.look.policy}; findings: {numbers}"


def moment(at: datetime) -> str:
    """A moment as people read it."""
    return f"{at:%Y-%m-%d %H:%M} UTC"


def sentence(one: Evidence) -> str:
    """One piece of evidence: by what, where, what, when, at which commit."""
    commits = ", ".join(commit[:7] for commit in one.commits[:3]) + (", ..." if len(one.commits) > 3 else "")
    at = f", {moment(one.at)}" if one.at is not None else ""
    there = f" at {commits}" if commits else ""
    return f"{one.by} in {one.environment}: {one.what}{at}{there}"


def worth(answer: Answer) -> tuple[Evidence, ...]:
    """The evidence of a control that says something, each once: what had nothing to look at is left out where there is
    other."""
    found = distinct(one for one in answer.evidence if one.outcome is not Outcome.NOTHING)
    return found or distinct(answer.evidence)


def coverage(answer: Answer) -> str:
    """How much of what serves a control Terrace has evidence for."""
    parts = [f"{answer.looked} of {answer.mapped} mapped checks"] if answer.mapped else []
    return " and ".join([*parts, *(["Terrace's own: " + ", ".join(answer.own)] if answer.own else [])]) or "none"


# --- terminal ------------------------------------------------------------------------------------------------------


def as_terminal(record: Compliance) -> Record:
    """Environments first; then of each framework the totals, what fails and passes, and the rest by number."""
    parts: list[Record] = []
    for one in record.looked:
        parts.append(line((visible(one.environment), "bold"), f": {visible(looked(one))}"))
        parts += [line(f"  note: {visible(note)}", style="yellow") for note in one.notes]
    for told in record.frameworks:
        parts += [line(""), line(visible(title(told)), style="bold"), line(f"  {totals(told)}")]
        for state in ("fail", "pass"):
            for answer in (a for a in told.answers if a.state == state):
                head = f"{answer.control.id:<9} {visible(answer.control.title)} ({coverage(answer)})"
                parts.append(line((f"  {state:<5}", SHADES[state]), head))
                parts += _evidence(answer, state)
        for state in ("not evaluated", "manual"):
            ids = [answer.control.id for answer in told.answers if answer.state == state]
            if ids:
                parts.append(line((f"  {state}: ", SHADES[state]), ", ".join(ids)))
    parts += [line(""), line(CAVEAT), line("why each is as it is: --format markdown, html or json", style="dim")]
    return Group(*parts)


def _evidence(answer: Answer, state: State) -> list[Record]:
    found = [one for one in worth(answer) if state != "fail" or one.outcome >= Outcome.WAIVED]
    lines: list[Record] = [line(f"          {clipped(sentence(one))}", style="dim") for one in found[:5]]
    lines += [line(f"          and {len(found) - 5} more", style="dim")] if len(found) > 5 else []
    if state == "fail":
        places = [place for one in found for place in one.places]
        lines += [line(f"            {clipped(place)}") for place in places[:5]]
        if len(places) > 5:
            lines.append(line(f"            and {len(places) - 5} more"))
    return lines


# --- Markdown ------------------------------------------------------------------------------------------------------


def as_markdown(record: Compliance) -> str:
    """Every control of every framework in a table, and the evidence of those that pass or fail."""
    lines = [f"# Compliance, {moment(record.at)}", "", CAVEAT, ""]
    lines += ["| environment | looked at | notes |", "| --- | --- | --- |"]
    lines += [
        f"| {plain(one.environment)} | {plain(looked(one))} | {plain('; '.join(one.notes)) or '-'} |"
        for one in record.looked
    ]
    for told in record.frameworks:
        lines += ["", f"## {plain(title(told))}", "", f"**{totals(told)}**", ""]
        lines += [f"Listed: {plain(told.framework.scope)}. Mapping: {plain(told.framework.source)}.", ""]
        lines += ["| control | about | state | why | evidence for |", "| --- | --- | --- | --- | --- |"]
        for answer in told.answers:
            control = answer.control
            row = (code(control.id), plain(control.title), answer.state, plain(clipped(answer.why)), coverage(answer))
            lines.append(f"| {' | '.join(row)} |")
        shown = [a for a in told.answers if a.state in ("fail", "pass")]
        if shown:
            lines += ["", "### Evidence", ""]
        for answer in shown:
            lines.append(f"- {code(answer.control.id)} {answer.state}")
            lines += [f"  - {one.outcome.word}: {plain(clipped(sentence(one)))}" for one in worth(answer)]
            lines += [f"    - {code(clipped(place))}" for one in worth(answer) for place in one.places]
    lines += ["", f"Rules {code(record.policy)}, ledger {code(record.head[:12] or 'empty')}."]
    return "\n".join(lines) + "\n"


# --- JSON ----------------------------------------------------------------------------------------------------------


def as_json(record: Compliance) -> str:
    """`terrace report compliance --format json`."""
    told: Json = {
        "schema": "terrace/compliance@1",
        "at": when(record.at),
        "policy": record.policy,
        "ledger_head": record.head,
        "stale_after_days": record.span.stale.days,
        "period_days": record.span.period.days,
        "environments": [_environment(one) for one in record.looked],
        "frameworks": [_framework(one) for one in record.frameworks],
    }
    return json.dumps(told, indent=2, ensure_ascii=True) + "\n"


def _environment(one: Looked) -> Json:
    look = one.look
    if look is None:
        return {"name": one.environment, "looked_at": None, "notes": list(one.notes)}
    return {
        "name": one.environment,
        "looked_at": when(look.at),
        "event": look.id,
        "by": look.by,
        "basis": look.scope.basis,
        "commits": list(look.scope.commits),
        "policy": look.policy,
        "findings": dict(look.findings),
        "notes": list(one.notes),
    }


def _framework(told: Answers) -> Json:
    return {
        "id": told.framework.id,
        "name": told.framework.name,
        "version": told.framework.version,
        "scope": told.framework.scope,
        "source": told.framework.source,
        "counts": {state.replace(" ", "_"): told.count(state) for state in STATES} | {"listed": len(told.answers)},
        "controls": [_answer(one) for one in told.answers],
    }


def _answer(answer: Answer) -> Json:
    return {
        "id": answer.control.id,
        "title": answer.control.title,
        "state": answer.state.replace(" ", "_"),
        "why": answer.why,
        "mapped_checks": answer.mapped,
        "mapped_checks_looked_at": answer.looked,
        "own_sources": list(answer.own),
        "evidence": [_piece(one) for one in answer.evidence],
    }


def _piece(one: Evidence) -> Json:
    return {
        "by": one.by,
        "key": one.key,
        "environment": one.environment,
        "outcome": one.outcome.word,
        "what": one.what,
        "at": when(one.at),
        "commits": list(one.commits),
        "places": list(one.places),
    }


def failing(frameworks: Iterable[Answers]) -> bool:
    """Whether a control of any of them fails."""
    return any(told.count("fail") for told in frameworks)
