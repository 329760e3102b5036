"""A check as a page to look at: what holds it, how it reaches its stacks, what each plan does, what lies ahead."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator

from terrace.assess.model import Finding, Status
from terrace.gates.model import Outcome, Verdict
from terrace.plans.model import Action, Plan
from terrace.plans.summaries import deeds, notices
from terrace.report.checked import Checked, place, said, seen_by, told_together, weight, worst_first
from terrace.report.html.graph import drawn
from terrace.report.html.plan import details, picture
from terrace.report.html.style import STYLE
from terrace.report.html.text import block, code, plural, prose, text

ROWS = 2000
"""Findings that the table holds; SARIF and JSON have all."""

HELD = 50
"""Findings that hold the change and are told at the top."""


def page(record: Checked) -> str:
    """The whole page."""
    return "\n".join(_page(record)) + "\n"


def _page(record: Checked) -> Iterator[str]:
    digest = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    change = record.assessment.change_set
    yield '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>Terrace: {_verdict(record)}, {change.head[:7]}</title>\n<style>{STYLE}</style>\n</head>\n<body>"
    yield from _top(record)
    yield "<main>"
    yield from _holding(record)
    yield from _environments(record)
    yield from _reach(record)
    yield from _plans(record)
    yield from _unknown(record)
    yield from _findings(record)
    yield from _risk(record)
    yield "</main>\n</body>\n</html>"


def _verdict(record: Checked) -> str:
    return "may be merged" if record.passed else "held"


def _top(record: Checked) -> Iterator[str]:
    known, change = record.assessment, record.assessment.change_set
    held, sign = ("", "✓") if record.passed else (" held", "✕")
    said_of = "The change may be merged" if record.passed else "The change is held"
    reach = plural(len(change.impacts), "stack")
    yield f"<header class='top{held}'><div><h1>{sign} {said_of}</h1>"
    yield f"<p class=soft>{code(change.base[:7])} → {code(change.head[:7])} · {reach} in its reach · "
    yield f"{plural(len(change.changed), 'file')} changed</p>"
    links = [
        ("holds", "What holds it", bool(record.holding)),
        ("plans", "Plans", bool(known.plans or known.unplanned)),
        ("unknown", "Not looked at", bool(known.unknown)),
        ("findings", "Findings", bool(known.findings)),
        ("risk", "Risk", True),
    ]
    yield f"<nav>{''.join(f'<a href=#{name}>{title}</a>' for name, title, there in links if there)}</nav></div>"
    level, holding = record.risk.level, len(record.holding)
    kind = "critical" if holding else "low"
    yield f"<div class='badge {level}'><b>{level}</b><small>risk, {record.risk.score} of 100</small></div>"
    yield f"<div class='badge {kind}'><b>{holding:,}</b><small>hold it</small></div></header>"


def _holding(record: Checked) -> Iterator[str]:
    held = told_together(record.holding)
    if not held:
        return
    yield f"<h2 id=holds>What holds it</h2>\n<ol class=holds>{''.join(_held(one) for one in held[:HELD])}</ol>"
    if len(held) > HELD:
        yield f"<p class=soft>and {plural(len(held) - HELD, 'more finding')}, in the table below.</p>"


def _held(finding: Finding) -> str:
    fix = f"<span class=fix>{prose(finding.fix)}</span>" if finding.fix else ""
    return f"<li>{_severity(finding)}<b>{text(finding.rule)}</b>{_at(finding)}: {_said(finding)}{fix}</li>"


def _severity(finding: Finding) -> str:
    unknown = finding.status is Status.UNKNOWN
    word = "unknown" if unknown else weight(finding)
    told = f"{weight(finding)}, not known" if unknown else word
    return f"<span class='sev {word}'>{told}</span>"


def _at(finding: Finding) -> str:
    where = place(finding)
    return f" at {code(where)}" if where else ""


def _said(finding: Finding) -> str:
    return prose(said(finding) + seen_by(finding))


def _environments(record: Checked) -> Iterator[str]:
    """A card for every environment that would change: what would happen there, and what its gates say."""
    known = record.assessment
    names = list(dict.fromkeys(i.stack.environment for i in known.change_set.impacts))
    ahead = {verdict.environment: verdict for verdict in record.ahead}
    names += [name for name in ahead if name not in names]
    if not names:
        return
    yield "<h2>Environments</h2>\n<div class=cards>"
    for name in names:
        mine = [i.stack.key for i in known.change_set.impacts if i.stack.environment == name]
        plans = [known.plans[key] for key in mine if key in known.plans]
        unplanned = [key for key in mine if key in known.unplanned]
        yield f"<div class=card><h3>{text(name)}</h3>{_sum(plans)}"
        if unplanned:
            yield f"<p class=del>{plural(len(unplanned), 'stack')} not planned</p>"
        yield f"{_gates(ahead[name]) if name in ahead else ''}</div>"
    yield "</div>"


def _sum(plans: list[Plan]) -> str:
    numbers = {
        action: sum(plan.count(action) for plan in plans)
        for action in (Action.CREATE, Action.UPDATE, Action.REPLACE, Action.DELETE)
    }
    words = (
        (Action.CREATE, "add", "+", "create"),
        (Action.UPDATE, "chg", "~", "update"),
        (Action.REPLACE, "del", "±", "replace"),
        (Action.DELETE, "del", "−", "destroy"),
    )
    parts = [
        f"<span class={kind}><b>{sign}{numbers[action]:,}</b> {word}</span>"
        for action, kind, sign, word in words
        if numbers[action]
    ]
    return f"<div class=sum>{''.join(parts) or '<span class=soft>nothing to do</span>'}</div>"


def _gates(verdict: Verdict) -> str:
    signs = {Outcome.PASS: "✓", Outcome.WAIT: "…", Outcome.BLOCK: "✕"}
    rows = []
    for result in verdict.results:
        how = f" <span class='fix soft'>{prose(result.satisfy, 200)}</span>" if result.satisfy else ""
        word = result.outcome.value
        sign = f"<span class='gate {word}'>{signs[result.outcome]} {word}</span>"
        rows.append(f"<li>{sign} {text(result.gate)}: {prose(result.reason, 300)}{how}</li>")
    return f"<ul>{''.join(rows)}</ul>"


def _reach(record: Checked) -> Iterator[str]:
    if record.graph is None:
        return
    known = record.assessment
    told = {key: _short(plan) for key, plan in known.plans.items()} | dict.fromkeys(known.unplanned, "not planned")
    picture_of = drawn(known.change_set, record.graph, told)
    if picture_of:
        yield f"<h2>How it reaches its stacks</h2>\n{picture_of}"
    renamed = {one.old: one.new for one in known.change_set.renamed}
    for stack in known.change_set.removed:
        if stack.key in renamed:
            new = code(renamed[stack.key])
            yield f"<p>− {code(stack.key)} is renamed to {new}, which has its state</p>"
            continue
        yield f"<p class=del>− {code(stack.key)} is removed: its objects stay until <code>terrace destroy</code></p>"


def _short(plan: Plan) -> str:
    signs = ((Action.CREATE, "+"), (Action.UPDATE, "~"), (Action.REPLACE, "±"), (Action.DELETE, "−"))
    return (
        " ".join(f"{sign}{n}" for action, sign in signs if (n := plan.count(action))) or deeds(plan) or "nothing to do"
    )


def _plans(record: Checked) -> Iterator[str]:
    known = record.assessment
    if not known.plans and not known.unplanned:
        return
    yield "<h2 id=plans>Plans</h2>"
    busy = [plan for plan in known.plans.values() if not plan.is_empty or plan.errored or not plan.complete]
    for plan in sorted(busy, key=lambda p: (-p.count(Action.DELETE) - p.count(Action.REPLACE), p.stack.key)):
        yield from _plan(plan, _marks(record, plan.stack.key))
    for key, why in known.unplanned.items():
        yield f"<section class=plan><header><h3>{code(key)}</h3><span class=del>not planned</span></header>"
        yield f"<p>{prose(why)}</p></section>"
    idle = [plan.stack.key for plan in known.plans.values() if plan not in busy]
    if idle:
        shown = ", ".join(code(key) for key in idle[:40]) + (f" and {len(idle) - 40} more" if len(idle) > 40 else "")
        yield f"<p class=soft>Nothing to do in {shown}.</p>"


def _marks(record: Checked, stack: str) -> dict[str, tuple[str, ...]]:
    """The rules by which something holds the change, by the address where it is."""
    found: dict[str, dict[str, None]] = {}
    for finding in record.holding:
        if finding.stack == stack and finding.address:
            found.setdefault(finding.address, {})[finding.rule] = None
    return {address: tuple(rules) for address, rules in found.items()}


def _plan(plan: Plan, marks: dict[str, tuple[str, ...]]) -> Iterator[str]:
    yield f"<section class=plan><header><h3>{code(plan.stack.key)}</h3>{_sum([plan])}"
    yield f"<small>plan {code(plan.digest.short)}</small></header>"
    if plan.errored or not plan.complete:
        yield "<p class=del>This plan is not whole: what it leaves out was not looked at.</p>"
    for told in notices(plan):
        yield f"<p class=soft>{prose(told)}</p>"
    yield picture(plan, marks)
    yield "<details class=more-of><summary>Attribute by attribute</summary>"
    yield from details(plan)
    yield "</details></section>"


def _unknown(record: Checked) -> Iterator[str]:
    unknown = worst_first(record.assessment.unknown)
    if not unknown:
        return
    rows = "".join(_held(finding) for finding in unknown[:HELD])
    yield f"<h2 id=unknown>Not looked at, or not to be told</h2>\n<ul class=unknowns>{rows}</ul>"
    if len(unknown) > HELD:
        yield f"<p class=soft>and {plural(len(unknown) - HELD, 'more')}.</p>"


def _findings(record: Checked) -> Iterator[str]:
    found = worst_first(record.assessment.findings)
    if not found:
        return
    yield "<h2 id=findings>Findings</h2>\n<div class=filter>"
    for name, title in _FILTERS:
        number = len(found) if name == "all" else sum(1 for f in found if name in _kinds(f))
        if not number:
            continue
        checked = " checked" if name == "all" else ""
        yield f"<input type=radio name=f id=f-{name}{checked}><label for=f-{name}>{title} {number:,}</label>"
    heads = "".join(f"<th scope=col>{head}" for head in ("Weight", "Rule", "Where", "What, and what to do"))
    yield f"<table><thead><tr>{heads}</tr></thead><tbody>"
    for finding in found[:ROWS]:
        yield _finding(finding)
    yield "</tbody></table></div>"
    if len(found) > ROWS:
        more = plural(len(found) - ROWS, "more finding")
        yield f"<p class=soft>and {more}: <code>--report json=FILE</code> has all.</p>"


_FILTERS = (
    ("all", "All"),
    ("holds", "Hold it"),
    ("unknown", "Not known"),
    ("advisory", "Told only"),
    ("waived", "Waived"),
)


def _kinds(finding: Finding) -> tuple[str, ...]:
    kinds = ["holds"] if finding.blocks else []
    if finding.status is Status.UNKNOWN:
        kinds.append("unknown")
    if finding.status is Status.WAIVED:
        kinds.append("waived")
    elif finding.advisory:
        kinds.append("advisory")
    return tuple(kinds)


def _finding(finding: Finding) -> str:
    fix = f"<br><span class='fix soft'>{prose(finding.fix)}</span>" if finding.fix else ""
    more = f"<details><summary>more</summary>{block(finding.detail)}</details>" if finding.detail else ""
    where = place(finding)
    return (
        f"<tr class='{' '.join(_kinds(finding))}'><td>{_severity(finding)}</td><td>{text(finding.rule)}"
        f"<br><small>{text(finding.tool, 60)}</small></td><td>{code(where) if where else ''}</td>"
        f"<td>{_said(finding)}{fix}{more}</td></tr>"
    )


def _risk(record: Checked) -> Iterator[str]:
    risk = record.risk
    yield f"<h2 id=risk>Risk: {risk.level}, {risk.score} of 100</h2>"
    if not risk.reasons:
        yield "<p class=soft>Nothing speaks for a risk.</p>"
    for reason in risk.reasons:
        width = min(100, reason.points)
        yield f"<div class=bar><span><b>{reason.points}</b> {text(reason.factor)}</span>"
        yield '<svg viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden=true>'
        yield '<rect class=full width="100" height="4"/>'
        yield f'<rect class=part width="{width}" height="4"/></svg><p class=soft>{text(reason.what)}</p></div>'
