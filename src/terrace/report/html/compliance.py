"""A compliance report as one HTML page."""

from __future__ import annotations

from collections.abc import Iterator

from terrace.compliance.overview import Compliance
from terrace.compliance.results import STATES, ControlResult, Evidence, FrameworkResult, State
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
from terrace.report.html.layout import page
from terrace.report.html.markup import NOTHING, Markup, html, join

_STYLE = """
body { max-width: 70rem; }
h1 { font-size: 1.7rem; margin: 0 0 .3rem; }
h2 { font-size: 1.3rem; margin: 2.5rem 0 .3rem; border-bottom: 2px solid var(--ink); padding-bottom: .3rem; }
h3 { margin: 1.5rem 0 .4rem; }
p.caveat { border-left: 4px solid var(--ink); padding: .4rem .9rem; background: var(--card); }
td.id { white-space: nowrap; font-weight: 600; }
td.num, th.num { text-align: right; font-variant-numeric: tabular-nums; }
th.about { width: 38%; }
code { overflow-wrap: anywhere; }
.state { display: inline-block; border: 1px solid; border-radius: .25rem; padding: 0 .45rem; font-size: .8rem;
  font-weight: 600; white-space: nowrap; }
.pass { color: var(--good); } .fail { color: var(--bad); } .not { color: var(--warn); } .manual { color: var(--soft); }
@media print {
  h2 { break-before: page; } h3 { break-after: avoid; } thead { display: table-header-group; }
  @page { margin: 18mm 15mm; }
}
"""

_HEADS: dict[State, str] = {
    "fail": "Fail",
    "pass": "Pass",
    "not evaluated": "Not evaluated",
    "manual": "Assessed by people",
}


def compliance_page(record: Compliance) -> str:
    """Returns the page."""
    return page(f"Compliance, {moment(record.at)}", _body(record), _STYLE)


def _body(record: Compliance) -> Iterator[Markup]:
    yield html(
        "<h1>Compliance</h1>\n<p class=soft>{at}</p>\n<p class=caveat>{caveat}</p>", at=moment(record.at), caveat=CAVEAT
    )
    yield from _environments(record)
    yield from _summary(record)
    for result in record.frameworks:
        yield from _framework(result)
    yield html(
        "<h3>Source of this report</h3>\n<p>Rules <code>{policy}</code>, ledger <code>{head}</code>. Full checks older "
        "than {stale} days are not accepted as evidence. Deployments of the last {period} days were evaluated.</p>",
        policy=record.policy,
        head=record.head or "empty",
        stale=record.span.stale.days,
        period=record.span.period.days,
    )


def _environments(record: Compliance) -> Iterator[Markup]:
    yield Markup("<h3>Environments</h3>\n<table><thead><tr><th>Environment<th>Checked<th>Notes</tr></thead><tbody>")
    for looked in record.looked:
        notes = join(html("<li>{note}</li>", note=note) for note in looked.notes)
        yield html(
            "<tr><td class=id>{environment}</td><td>{check}</td><td>{notes}</td></tr>",
            environment=looked.environment,
            check=check_words(looked),
            notes=html("<ul>{notes}</ul>", notes=notes) if notes else Markup("-"),
        )
    yield Markup("</tbody></table>")


def _summary(record: Compliance) -> Iterator[Markup]:
    heads = join(html("<th class=num>{state}", state=state) for state in (*STATES, "listed"))
    yield html("<h3>Summary</h3>\n<table><thead><tr><th>Framework{heads}</tr></thead><tbody>", heads=heads)
    for result in record.frameworks:
        cells = join(html("<td class=num>{count}</td>", count=result.count(state)) for state in STATES)
        yield html(
            '<tr><td><a href="#{id}">{title}</a></td>{cells}<td class=num>{listed}</td></tr>',
            id=result.framework.id,
            title=framework_title(result),
            cells=cells,
            listed=len(result.controls),
        )
    yield Markup("</tbody></table>")


def _framework(result: FrameworkResult) -> Iterator[Markup]:
    framework = result.framework
    yield html(
        '<h2 id="{id}">{title}</h2>\n<p>{totals}.</p>\n<p class=soft>Listed: {scope}. The titles are not those of the '
        "framework. Mapping: {source}.</p>",
        id=framework.id,
        title=framework_title(result),
        totals=totals(result),
        scope=framework.scope,
        source=framework.source,
    )
    for state in ("fail", "pass", "not evaluated", "manual"):
        results = [control_result for control_result in result.controls if control_result.state == state]
        if results:
            yield html(
                "<h3>{head}: {count}</h3>\n<table><thead><tr><th>Control<th>State<th class=about>About<th>Evidence</tr>"
                "</thead><tbody>",
                head=_HEADS[state],
                count=len(results),
            )
            yield from map(_control, results)
            yield Markup("</tbody></table>")


def _control(control_result: ControlResult) -> Markup:
    if control_result.state in ("not evaluated", "manual"):
        evidence = html("{why}", why=control_result.why)
    else:
        items = join(map(_evidence, relevant_evidence(control_result)))
        evidence = html(
            "<span class=soft>{coverage}</span><ul>{items}</ul>", coverage=coverage(control_result), items=items
        )
    return html(
        '<tr><td class=id>{id}</td><td><span class="state {kind}">{state}</span></td><td>{title}</td>'
        "<td>{evidence}</td></tr>",
        id=control_result.control.id,
        kind=control_result.state.split()[0],
        state=control_result.state,
        title=control_result.control.title,
        evidence=evidence,
    )


def _evidence(evidence: Evidence) -> Markup:
    return html(
        "<li>{outcome}: {sentence}{places}</li>",
        outcome=evidence.outcome.word,
        sentence=evidence_sentence(evidence),
        places=_places(evidence),
    )


def _places(evidence: Evidence) -> Markup:
    if not evidence.places:
        return NOTHING
    items = join(html("<li><code>{place}</code></li>", place=place) for place in evidence.places)
    return html("<ul>{items}</ul>", items=items)
