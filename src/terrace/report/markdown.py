"""Records as Markdown for a pull request. Everything from outside is neutralised: it cannot format, mention or link."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from terrace.assess.model import Finding
from terrace.assess.risk import Risk
from terrace.gates.model import Verdict
from terrace.plans.model import Action, Plan
from terrace.report.checked import Checked, said, seen_by, why_held
from terrace.report.terminal import SIGNS, counts, reason_words, visible
from terrace.stacks.model import ChangeSet

_RISKY = (Action.DELETE, Action.REPLACE, Action.FORGET, Action.UNKNOWN)

ROOM = 60_000
"""Bytes of a comment: GitHub takes 65,536 characters, and there are those who say bytes."""

MOST_HELD = 20
"""Lines that say what holds a change."""

_SPECIAL = re.compile(r"([\\`*_{}\[\]()<>#+!|~&@:$-])")


def plain(text: str) -> str:
    """Text from outside as Markdown that shows it letter by letter."""
    return _SPECIAL.sub(lambda found: f"&#{ord(found[1])};", visible(text))


def code(text: str) -> str:
    """Text from outside in a code span, whatever backticks it holds."""
    shown = visible(text).replace("|", "¦")
    fence = "`" * (max((len(run) for run in re.findall("`+", shown)), default=0) + 1)
    pad = " " if shown.startswith("`") or shown.endswith("`") else ""
    return f"{fence}{pad}{shown}{pad}{fence}"


def fenced(lines: Iterable[str], language: str = "") -> str:
    """Lines from outside in a code block that none of them can close."""
    body = "\n".join(visible(line) for line in lines)
    fence = "`" * max(3, max((len(run) for run in re.findall("`+", body)), default=0) + 1)
    return f"{fence}{language}\n{body}\n{fence}"


def check(
    change_set: ChangeSet,
    plans: Mapping[str, Plan],
    unplanned: Mapping[str, str],
    findings: Iterable[Finding],
    ahead: Iterable[Verdict],
    *,
    passed: bool,
    risk: Risk,
) -> str:
    """The whole answer of a check: verdict and table first, then what was found, then each plan folded away."""
    return "\n\n".join(_blocks(change_set, plans, unplanned, findings, ahead, passed=passed, risk=risk)) + "\n"


def _blocks(
    change_set: ChangeSet,
    plans: Mapping[str, Plan],
    unplanned: Mapping[str, str],
    findings: Iterable[Finding],
    ahead: Iterable[Verdict],
    *,
    passed: bool,
    risk: Risk,
) -> list[str]:
    """The parts of the answer, each whole in itself; the first is the verdict with its table."""
    word = "pass" if passed else "**block**"
    title = f"### Terrace check: {word} ({change_set.base[:7]} → {change_set.head[:7]})"
    blocks = [f"{title}\n\n{_table(change_set, plans, unplanned)}", _risk(risk)]
    found = sorted(findings, key=lambda f: (f.advisory, -f.severity, f.rule))
    if found:
        blocks.append("\n".join(["**Findings**", "", *(_finding(one) for one in found)]))
    blocks += [_details(key, plan) for key, plan in plans.items() if not plan.is_empty]
    blocks += [f"- {code(s.key)} is removed: its objects stay until `terrace destroy`" for s in change_set.removed]
    return [block.rstrip() for block in (*blocks, *(_gates(verdict) for verdict in ahead))]


def _risk(found: Risk) -> str:
    lines = [f"**Risk: {found.level}** ({found.score} of 100)", ""]
    lines += [f"- {reason.points} {plain(reason.factor)}: {plain(reason.what)}" for reason in found.reasons]
    return "\n".join(lines).rstrip()


def checked(record: Checked) -> str:
    """A check for a pull request: the answer first, then what holds it, then the rest while a comment has room."""
    known = record.assessment
    facts = (known.change_set, known.plans, known.unplanned, known.findings, record.ahead)
    head, *blocks = _blocks(*facts, passed=record.passed, risk=record.risk)
    held = [f"- {plain(why_held(finding))}" for finding in record.holding[:MOST_HELD]]
    if len(record.holding) > MOST_HELD:
        held.append(f"- and {len(record.holding) - MOST_HELD} more")
    parts = [head, *(["\n".join(["**Held by**", "", *held])] if held else []), *blocks]
    kept: list[str] = []
    room = ROOM
    for part in parts:
        size = len(part.encode()) + 2
        if size <= room:
            kept.append(part)
            room -= size
    if len(kept) < len(parts):
        left = len(parts) - len(kept)
        kept.append(f"Too long for a comment: {left} {'part is' if left == 1 else 'parts are'} left out.")
    return "\n\n".join(kept) + "\n"


def _table(change_set: ChangeSet, plans: Mapping[str, Plan], unplanned: Mapping[str, str]) -> str:
    rows = ["| Stack | Create | Update | Replace | Delete | Why |", "| --- | ---: | ---: | ---: | ---: | --- |"]
    for one in change_set.impacts:
        key = one.stack.key
        why = code(reason_words(one.reasons[0])) if one.reasons else ""
        if key in plans:
            plan = plans[key]
            numbers = [plan.count(a) for a in (Action.CREATE, Action.UPDATE, Action.REPLACE, Action.DELETE)]
            rows.append(f"| {code(key)} | {' | '.join(str(n) for n in numbers)} | {why} |")
        else:
            rows.append(f"| {code(key)} | not planned | | | | {why} |")
    return "\n".join(rows)


def _finding(finding: Finding) -> str:
    place = finding.path or finding.address or finding.stack or ""
    where = f"{place}:{finding.line}" if finding.line else place
    weight = "advisory" if finding.advisory else finding.severity.word
    at = f" at {code(where)}" if where else ""
    fix = f" — {plain(finding.fix)}" if finding.fix else ""
    what = plain(said(finding) + seen_by(finding))
    return f"- {weight}: **{plain(finding.rule)}** {finding.status.value}: {what}{at}{fix}"


def _details(key: str, plan: Plan) -> str:
    lines = []
    for change in sorted(plan.effective, key=lambda c: c.action not in _RISKY):
        sign = {"~": "!", "-/+": "-", "?": "!", ".": "!"}.get(SIGNS[change.action][0], SIGNS[change.action][0])
        lines.append(f"{sign} {change.action.value} {change.address}")
    for output in plan.outputs:
        if output.action is not Action.NO_OP:
            lines.append(f"! output {output.name}")
    head = f"<details><summary>{plain(key)}: {plain(counts(plan))}</summary>"
    return f"{head}\n\n{fenced(lines, 'diff')}\n\n</details>"


def _gates(verdict: Verdict) -> str:
    lines = [f"**Gates of {plain(verdict.environment)}**", ""]
    for result in verdict.results:
        satisfy = f" → {plain(result.satisfy)}" if result.satisfy else ""
        lines.append(f"- {result.outcome.value}: {plain(result.gate)}: {plain(result.reason)}{satisfy}")
    return "\n".join(lines)
