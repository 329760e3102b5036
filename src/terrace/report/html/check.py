"""A check as an HTML page: the blocking findings, the impact, the plans, and the gates of the next environments."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from terrace.assess.model import Finding, Status
from terrace.assess.risk import GRAVE_LEVELS
from terrace.gates.model import Outcome, Verdict
from terrace.plans.model import Action, Plan
from terrace.plans.summaries import ACTIONS, CHANGING, describe_actions, notices
from terrace.report.check_outcome import (
    CheckOutcome,
    also_reported,
    finding_text,
    group_findings,
    level_word,
    place,
    worst_first,
)
from terrace.report.html.graph import impact_graph
from terrace.report.html.layout import page
from terrace.report.html.markup import NOTHING, Markup, block, code, html, join, prose, text
from terrace.report.html.plan import plan_details, plan_tiles
from terrace.words import and_more, plural

ROWS = 2000
"""Findings that the table holds; SARIF and JSON have all."""

LISTED = 50
"""Blocking findings that are listed at the top."""

_COLORS = {Action.CREATE: "add", Action.UPDATE: "chg", Action.REPLACE: "del", Action.DELETE: "del"}


def check_page(record: CheckOutcome) -> str:
    """Returns the page."""
    head = record.assessment.change_set.head[:7]
    return page(f"Terrace: {'can be merged' if record.passed else 'blocked'}, {head}", _body(record))


def _body(record: CheckOutcome) -> Iterator[Markup]:
    yield from _top(record)
    yield Markup("<main>")
    yield from _blocking_findings(record)
    yield from _environments(record)
    yield from _impact(record)
    yield from _plans(record)
    yield from _unknown_findings(record)
    yield from _findings(record)
    yield from _risk(record)
    yield Markup("</main>")


def _top(record: CheckOutcome) -> Iterator[Markup]:
    assessment, change = record.assessment, record.assessment.change_set
    sign, verdict = ("✓", "The change can be merged") if record.passed else ("✕", "The change is blocked")
    grave = record.passed and record.risk.level in GRAVE_LEVELS
    if grave:
        sign, verdict = "!", f"No check blocks the change; its risk is {record.risk.level}"
    yield html(
        "<header class='top{blocked}'><div><h1>{sign} {verdict}</h1>\n"
        "<p class=soft>{base} → {head} · {stacks} impacted · {files} changed</p>",
        blocked=Markup(" grave") if grave else "" if record.passed else Markup(" blocked"),
        sign=sign,
        verdict=verdict,
        base=code(change.base[:7]),
        head=code(change.head[:7]),
        stacks=plural(len(change.impacts), "stack"),
        files=plural(len(change.changed), "file"),
    )
    links = [
        ("blocking", "Blocking", bool(record.blocking)),
        ("plans", "Plans", bool(assessment.plans or assessment.unplanned)),
        ("unknown", "Not checked", bool(assessment.unknown)),
        ("findings", "Findings", bool(assessment.findings)),
        ("risk", "Risk", True),
    ]
    anchors = (html("<a href=#{name}>{title}</a>", name=name, title=title) for name, title, shown in links if shown)
    yield html("<nav>{links}</nav></div>", links=join(anchors))
    yield html(
        "<div class='badge {level}'><b>{level}</b><small>risk, {score} of 100</small></div>",
        level=record.risk.level,
        score=record.risk.score,
    )
    yield html(
        "<div class='badge {kind}'><b>{count:,}</b><small>blocking</small></div></header>",
        kind="critical" if record.blocking else "low",
        count=len(record.blocking),
    )


def _blocking_findings(record: CheckOutcome) -> Iterator[Markup]:
    findings = group_findings(record.blocking)
    if not findings:
        return
    items = join(map(_item, findings[:LISTED]))
    yield html("<h2 id=blocking>Blocking findings</h2>\n<ol class=blocking>{items}</ol>", items=items)
    if more := and_more(len(findings) - LISTED, "finding"):
        yield html("<p class=soft>{more}, in the table below.</p>", more=more)


def _item(finding: Finding) -> Markup:
    return html(
        "<li>{level}<b>{rule}</b>{at}: {text}{fix}</li>",
        level=_level(finding),
        rule=finding.rule,
        at=_at(finding),
        text=_text(finding),
        fix=html("<span class=fix>{fix}</span>", fix=prose(finding.fix)) if finding.fix else NOTHING,
    )


def _level(finding: Finding) -> Markup:
    level = level_word(finding)
    if finding.status is Status.UNKNOWN:
        return html("<span class='sev unknown'>{level}, unknown</span>", level=level)
    return html("<span class='sev {level}'>{level}</span>", level=level)


def _at(finding: Finding) -> Markup:
    where = place(finding)
    return html(" at {where}", where=code(where)) if where else NOTHING


def _text(finding: Finding) -> Markup:
    return prose(finding_text(finding) + also_reported(finding))


def _environments(record: CheckOutcome) -> Iterator[Markup]:
    """Yields a card for every environment that would change: its changes, and its gates."""
    assessment = record.assessment
    names = list(dict.fromkeys(impact.stack.environment for impact in assessment.change_set.impacts))
    ahead = {verdict.environment: verdict for verdict in record.ahead}
    names += [name for name in ahead if name not in names]
    if not names:
        return
    yield Markup("<h2>Environments</h2>\n<div class=cards>")
    for name in names:
        keys = [i.stack.key for i in assessment.change_set.impacts if i.stack.environment == name]
        plans = [assessment.plans[key] for key in keys if key in assessment.plans]
        unplanned = [key for key in keys if key in assessment.unplanned]
        missing = html("<p class=del>{stacks} not planned</p>", stacks=plural(len(unplanned), "stack"))
        yield html(
            "<div class=card><h3>{name}</h3>{changes}{missing}{gates}</div>",
            name=name,
            changes=_counts(plans),
            missing=missing if unplanned else NOTHING,
            gates=_gates(ahead[name]) if name in ahead else NOTHING,
        )
    yield Markup("</div>")


def _counts(plans: Sequence[Plan]) -> Markup:
    parts = [
        html(
            "<span class={color}><b>{sign}{count:,}</b> {word}</span>",
            color=_COLORS[action],
            sign=ACTIONS[action].sign,
            count=count,
            word=ACTIONS[action].word,
        )
        for action in CHANGING
        if (count := sum(plan.count(action) for plan in plans))
    ]
    return html("<div class=sum>{parts}</div>", parts=join(parts) or Markup("<span class=soft>no changes</span>"))


_GATE_SIGNS = {Outcome.PASS: "✓", Outcome.WAIT: "…", Outcome.BLOCK: "✕"}


def _gates(verdict: Verdict) -> Markup:
    rows = (
        html(
            "<li><span class='gate {word}'>{sign} {word}</span> {gate}: {reason}{how}</li>",
            word=result.outcome.value,
            sign=_GATE_SIGNS[result.outcome],
            gate=result.gate,
            reason=prose(result.reason, 300),
            how=html(" <span class='fix soft'>{how}</span>", how=prose(result.satisfy, 200))
            if result.satisfy
            else NOTHING,
        )
        for result in verdict.results
    )
    return html("<ul>{rows}</ul>", rows=join(rows))


def _impact(record: CheckOutcome) -> Iterator[Markup]:
    if record.graph is None:
        return
    assessment = record.assessment
    labels = {key: _short(plan) for key, plan in assessment.plans.items()}
    labels |= dict.fromkeys(assessment.unplanned, "not planned")
    if graph := impact_graph(assessment.change_set, record.graph, labels):
        yield html("<h2>Impact</h2>\n{graph}", graph=graph)
    renamed = {stack.old: stack.new for stack in assessment.change_set.renamed}
    for stack in assessment.change_set.removed:
        key = code(stack.key)
        if stack.key in renamed:
            yield html("<p>− {key} is renamed to {new}, which has its state</p>", key=key, new=code(renamed[stack.key]))
        else:
            yield html(
                "<p class=del>− {key} is removed: its resources stay until <code>terrace destroy</code></p>", key=key
            )


def _short(plan: Plan) -> str:
    numbers = " ".join(f"{ACTIONS[action].sign}{n}" for action in CHANGING if (n := plan.count(action)))
    return numbers or describe_actions(plan) or "no changes"


def _plans(record: CheckOutcome) -> Iterator[Markup]:
    assessment = record.assessment
    if not assessment.plans and not assessment.unplanned:
        return
    yield Markup("<h2 id=plans>Plans</h2>")
    busy = [plan for plan in assessment.plans.values() if not plan.is_empty or plan.errored or not plan.complete]
    for plan in sorted(busy, key=lambda p: (-p.count(Action.DELETE) - p.count(Action.REPLACE), p.stack.key)):
        yield from _plan(plan, _blocking_rules(record, plan.stack.key))
    for key, why in assessment.unplanned.items():
        yield html(
            "<section class=plan><header><h3>{key}</h3><span class=del>not planned</span></header>\n"
            "<p>{why}</p></section>",
            key=code(key),
            why=prose(why),
        )
    idle = [plan.stack.key for plan in assessment.plans.values() if plan not in busy]
    if idle:
        shown = join((code(key) for key in idle[:40]), Markup(", "))
        more = and_more(len(idle) - 40)
        yield html("<p class=soft>No changes in {shown}{more}.</p>", shown=shown, more=f" {more}" if more else "")


def _blocking_rules(record: CheckOutcome, stack: str) -> dict[str, tuple[str, ...]]:
    """Returns the rules that block the change, by the address of the resource."""
    rules: dict[str, dict[str, None]] = {}
    for finding in record.blocking:
        if finding.stack == stack and finding.address:
            rules.setdefault(finding.address, {})[finding.rule] = None
    return {address: tuple(names) for address, names in rules.items()}


def _plan(plan: Plan, rules: dict[str, tuple[str, ...]]) -> Iterator[Markup]:
    yield html(
        "<section class=plan><header><h3>{key}</h3>{counts}\n<small>plan {digest}</small></header>",
        key=code(plan.stack.key),
        counts=_counts([plan]),
        digest=code(plan.digest.short),
    )
    if plan.errored or not plan.complete:
        yield Markup("<p class=del>This plan is not complete: the parts that it leaves out were not checked.</p>")
    for notice in notices(plan):
        yield html("<p class=soft>{notice}</p>", notice=prose(notice))
    yield plan_tiles(plan, rules)
    yield Markup("<details class=more-of open><summary>Attributes</summary>")
    yield from plan_details(plan)
    yield Markup("</details></section>")


def _unknown_findings(record: CheckOutcome) -> Iterator[Markup]:
    unknown = worst_first(record.assessment.unknown)
    if not unknown:
        return
    rows = join(map(_item, unknown[:LISTED]))
    yield html("<h2 id=unknown>Not checked, or inconclusive</h2>\n<ul class=unknowns>{rows}</ul>", rows=rows)
    if more := and_more(len(unknown) - LISTED):
        yield html("<p class=soft>{more}.</p>", more=more)


def _findings(record: CheckOutcome) -> Iterator[Markup]:
    findings = worst_first(record.assessment.findings)
    if not findings:
        return
    yield Markup("<h2 id=findings>Findings</h2>\n<div class=filter>")
    for name, title in _FILTERS:
        count = len(findings) if name == "all" else sum(1 for f in findings if name in _kinds(f))
        if count:
            yield html(
                "<input type=radio name=f id=f-{name}{checked}><label for=f-{name}>{title} {count:,}</label>",
                name=name,
                checked=Markup(" checked") if name == "all" else NOTHING,
                title=title,
                count=count,
            )
    heads = join(html("<th scope=col>{head}", head=head) for head in ("Level", "Rule", "Where", "Problem and fix"))
    yield html("<table><thead><tr>{heads}</tr></thead><tbody>", heads=heads)
    yield from map(_finding, findings[:ROWS])
    yield Markup("</tbody></table></div>")
    if more := and_more(len(findings) - ROWS, "finding"):
        yield html("<p class=soft>{more}: <code>--report json=FILE</code> has all.</p>", more=more)


_FILTERS = (
    ("all", "All"),
    ("blocking", "Blocking"),
    ("unknown", "Unknown"),
    ("advisory", "Advisory"),
    ("waived", "Waived"),
)


def _kinds(finding: Finding) -> tuple[str, ...]:
    kinds = ["blocking"] if finding.blocks else []
    if finding.status is Status.UNKNOWN:
        kinds.append("unknown")
    if finding.status is Status.WAIVED:
        kinds.append("waived")
    elif finding.advisory:
        kinds.append("advisory")
    return tuple(kinds)


def _finding(finding: Finding) -> Markup:
    where, detail = place(finding), finding.detail
    return html(
        "<tr class='{kinds}'><td>{level}</td><td>{rule}<br><small>{tool}</small></td><td>{where}</td>"
        "<td>{text}{fix}{detail}</td></tr>",
        kinds=" ".join(_kinds(finding)),
        level=_level(finding),
        rule=finding.rule,
        tool=text(finding.tool, 60),
        where=code(where) if where else NOTHING,
        text=_text(finding),
        fix=html("<br><span class='fix soft'>{fix}</span>", fix=prose(finding.fix)) if finding.fix else NOTHING,
        detail=html("<details><summary>more</summary>{detail}</details>", detail=block(detail)) if detail else NOTHING,
    )


def _risk(record: CheckOutcome) -> Iterator[Markup]:
    risk = record.risk
    yield html("<h2 id=risk>Risk: {level}, {score} of 100</h2>", level=risk.level, score=risk.score)
    if not risk.reasons:
        yield Markup("<p class=soft>No risk factors found.</p>")
    for reason in risk.reasons:
        yield html(
            "<div class=bar><span><b>{points}</b> {factor}</span>\n"
            '<svg viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden=true>\n'
            '<rect class=full width="100" height="4"/>\n'
            '<rect class=part width="{width}" height="4"/></svg><p class=soft>{what}</p></div>',
            points=reason.points,
            factor=reason.factor,
            width=min(100, reason.points),
            what=reason.what,
        )
