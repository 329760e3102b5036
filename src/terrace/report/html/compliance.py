"""A compliance report as one page that needs nothing else: no script, no font, no network; printed as it is read."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator

from terrace.compliance.answers import STATES, Answer, Answers, Evidence, State
from terrace.compliance.overview import Compliance
from terrace.report.compliance import CAVEAT, coverage, looked, moment, sentence, title, totals, worth
from terrace.report.html.text import text

_STYLE = """
:root { color-scheme: light; --ink: #1c2430; --soft: #5a6675; --line: #d5dbe3; --paper: #fff; }
* { box-sizing: border-box; }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); margin: 0 auto;
  max-width: 70rem; padding: 2rem 1.5rem 4rem; }
h1 { font-size: 1.7rem; margin: 0 0 .3rem; }
h2 { font-size: 1.3rem; margin: 2.5rem 0 .3rem; border-bottom: 2px solid var(--ink); padding-bottom: .3rem; }
h3 { font-size: 1rem; margin: 1.5rem 0 .4rem; }
p.soft, .soft { color: var(--soft); }
p.caveat { border-left: 4px solid var(--ink); padding: .4rem .9rem; background: #f3f5f8; }
table { border-collapse: collapse; width: 100%; margin: .6rem 0; table-layout: auto; }
th { text-align: left; font-size: .8rem; color: var(--soft); font-weight: 600; }
th, td { border-bottom: 1px solid var(--line); padding: .35rem .6rem .35rem 0; vertical-align: top; }
td.id { white-space: nowrap; font-weight: 600; }
td.num, th.num { text-align: right; font-variant-numeric: tabular-nums; }
th.about { width: 38%; }
code { font: .85em ui-monospace, monospace; overflow-wrap: anywhere; }
ul { margin: .2rem 0 .2rem 1.1rem; padding: 0; }
li { margin: .1rem 0; }
.state { display: inline-block; border: 1px solid; border-radius: .25rem; padding: 0 .45rem; font-size: .8rem;
  font-weight: 600; white-space: nowrap; }
.pass { color: #1a6b34; } .fail { color: #a11616; } .not { color: #85580a; } .manual { color: #4c5666; }
nav a { margin-right: 1rem; }
a { color: #1d4f91; }
@media print {
  body { font-size: 10pt; max-width: none; padding: 0; }
  h2 { break-before: page; } tr, li { break-inside: avoid; } h3 { break-after: avoid; }
  thead { display: table-header-group; } nav { display: none; }
  @page { margin: 18mm 15mm; }
}
"""

_HEADS: dict[State, str] = {
    "fail": "Fail",
    "pass": "Pass, of what was looked at",
    "not evaluated": "Not evaluated",
    "manual": "Assessed by people",
}


def as_html(record: Compliance) -> str:
    """The whole page."""
    return "\n".join(_page(record)) + "\n"


def _page(record: Compliance) -> Iterator[str]:
    digest = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
    csp = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    yield '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{csp}">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>Compliance, {moment(record.at)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>"
    yield f"<h1>Compliance</h1>\n<p class=soft>{moment(record.at)}</p>\n<p class=caveat>{text(CAVEAT)}</p>"
    yield from _environments(record)
    yield from _summary(record)
    for told in record.frameworks:
        yield from _framework(told)
    yield f"<h3>Where this is from</h3>\n<p>Rules <code>{text(record.policy)}</code>, ledger"
    yield f"<code>{text(record.head or 'empty')}</code>. Looks older than {record.span.stale.days} days pass nothing;"
    yield f"deployments of {record.span.period.days} days were looked at.</p>\n</body>\n</html>"


def _environments(record: Compliance) -> Iterator[str]:
    yield "<h3>What was looked at</h3>\n<table><thead><tr><th>Environment<th>Looked at<th>Notes</tr></thead><tbody>"
    for one in record.looked:
        notes = "".join(f"<li>{text(note)}</li>" for note in one.notes)
        yield f"<tr><td class=id>{text(one.environment)}</td><td>{text(looked(one))}</td>"
        yield f"<td>{f'<ul>{notes}</ul>' if notes else '-'}</td></tr>"
    yield "</tbody></table>"


def _summary(record: Compliance) -> Iterator[str]:
    yield "<h3>In numbers</h3>\n<table><thead><tr><th>Framework"
    yield "".join(f"<th class=num>{state}" for state in (*STATES, "listed")) + "</tr></thead><tbody>"
    for told in record.frameworks:
        cells = "".join(f"<td class=num>{told.count(state)}</td>" for state in STATES)
        link = f'<a href="#{text(told.framework.id)}">{text(title(told))}</a>'
        yield f"<tr><td>{link}</td>{cells}<td class=num>{len(told.answers)}</td></tr>"
    yield "</tbody></table>"


def _framework(told: Answers) -> Iterator[str]:
    frame = told.framework
    yield f'<h2 id="{text(frame.id)}">{text(title(told))}</h2>\n<p>{text(totals(told))}.</p>'
    yield f"<p class=soft>Listed: {text(frame.scope)}. Titles are not the framework's own."
    yield f"Mapping: {text(frame.source)}.</p>"
    for state in ("fail", "pass", "not evaluated", "manual"):
        mine = [answer for answer in told.answers if answer.state == state]
        if mine:
            yield f"<h3>{_HEADS[state]}: {len(mine)}</h3>\n<table><thead><tr><th>Control<th>State<th class=about>About"
            yield "<th>Evidence</tr></thead><tbody>"
            for answer in mine:
                yield from _answer(answer)
            yield "</tbody></table>"


def _answer(answer: Answer) -> Iterator[str]:
    state = f'<span class="state {answer.state.split()[0]}">{answer.state}</span>'
    control = answer.control
    yield f"<tr><td class=id>{text(control.id)}</td><td>{state}</td><td>{text(control.title)}</td><td>"
    if answer.state in ("not evaluated", "manual"):
        yield text(answer.why)
    else:
        yield f"<span class=soft>{coverage(answer)}</span><ul>"
        for one in worth(answer):
            yield f"<li>{one.outcome.word}: {text(sentence(one))}{_places(one)}</li>"
        yield "</ul>"
    yield "</td></tr>"


def _places(one: Evidence) -> str:
    if not one.places:
        return ""
    return "<ul>" + "".join(f"<li><code>{text(place)}</code></li>" for place in one.places) + "</ul>"
