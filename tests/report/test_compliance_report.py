"""Compliance reports: every format has the same facts, and text from outside has no effect."""

from __future__ import annotations

import html.parser
import re
from dataclasses import replace
from datetime import timedelta

from hypothesis import given, settings
from markdown_it import MarkdownIt

from support.check_outcomes import HOSTILE, texts
from support.records import data_of
from support.stories import NOON
from terrace.compliance.audit import RuleSeen, Scope
from terrace.compliance.gathering import Span
from terrace.compliance.overview import Compliance, LatestAudit
from terrace.compliance.recorded_audits import Audit, KnownRule
from terrace.compliance.results import Evidence, Outcome, evaluate_framework
from terrace.compliance.shipped import framework
from terrace.report.compliance_words import totals
from terrace.report.html.compliance import compliance_page
from terrace.report.json.compliance import compliance_json
from terrace.report.markdown.compliance import compliance_markdown
from terrace.report.terminal.compliance import compliance_report
from terrace.report.terminal.screen import plain_text

KEY = "s3_bucket_default_encryption"


def report(*evidence: Evidence, name: str = "prod", note: str = "a note") -> Compliance:
    rules = {"r": RuleSeen("r", looked=1)}
    look = Audit(
        "e1",
        NOON,
        "ann",
        Scope(name, "deployed", {"c" * 40: (name,)}),
        "p",
        rules,
        {"r": KnownRule("", (KEY,), ())},
        {"fail": 1},
    )
    told = evaluate_framework(framework("nist-800-53"), evidence)
    return Compliance(
        NOON, (LatestAudit(name, look, (note,)),), (told,), "p", "h" * 64, Span(NOON + timedelta(hours=1))
    )


def piece(outcome: Outcome, text: str = "said") -> Evidence:
    return Evidence("rule " + text, KEY, "prod", outcome, text, NOON, ("c" * 40,), (text,))


def terminal(record: Compliance) -> str:
    return plain_text(compliance_report(record))


def test_every_format_has_the_same_numbers_and_no_percentage() -> None:
    record = report(piece(Outcome.FAILED), replace(piece(Outcome.PASSED), key="terrace:ledger"))
    (told,) = record.frameworks
    numbers = totals(told)
    assert numbers.endswith(f" of {len(told.controls)} listed")
    assert sum(int(n) for n in re.findall(r"(\d+) (?:pass|fail|not|manual)", numbers)) == len(told.controls)
    for text in (terminal(record), compliance_markdown(record), compliance_page(record)):
        assert numbers in text
        assert not re.search(r"\d\s*%(?!;)", re.sub(r"<style>.*?</style>|width: \d+%", "", text, flags=re.S))
    counts = data_of(compliance_json(record))["frameworks"][0]["counts"]
    assert counts["pass"] + counts["fail"] + counts["not_evaluated"] + counts["manual"] == counts["listed"]


def test_evidence_names_its_source_time_and_commit() -> None:
    record = report(piece(Outcome.FAILED))
    for text in (terminal(record), compliance_markdown(record).replace("&#45;", "-"), compliance_page(record)):
        assert "CM-6" in text
        assert "2026-01-05 12:00 UTC" in text
        assert "c" * 7 in text
    told = next(c for c in data_of(compliance_json(record))["frameworks"][0]["controls"] if c["state"] == "fail")
    (found,) = told["evidence"]
    assert (found["by"], found["at"], found["commits"]) == ("rule said", "2026-01-05T12:00:00Z", ["c" * 40])


class _Tags(html.parser.HTMLParser):
    """The tags and attributes of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.names: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.names |= {name for name, _ in attrs}


USUAL = _Tags()
USUAL.feed(compliance_page(report(*(piece(outcome) for outcome in Outcome))))


def test_the_page_loads_nothing() -> None:
    page = compliance_page(report(piece(Outcome.FAILED)))
    assert "default-src 'none'; style-src 'sha256-" in page
    assert not {"script", "link", "img", "iframe", "form"} & USUAL.tags
    assert "http://" not in page
    assert "@media print" in page


@settings(max_examples=25)
@given(texts, texts)
def test_text_from_outside_has_no_effect(one: str, other: str) -> None:
    record = report(piece(Outcome.FAILED, one), piece(Outcome.WAIVED, other), name=other, note=one)
    seen = _Tags()
    seen.feed(compliance_page(record))
    assert seen.tags <= USUAL.tags
    assert seen.names <= USUAL.names
    assert all(c.isprintable() or c == "\n" for c in terminal(record))
    markdown = compliance_markdown(record)
    rendered = _Tags()
    rendered.feed(MarkdownIt("commonmark").enable("table").render(markdown))
    assert rendered.tags <= {
        "h1",
        "h2",
        "h3",
        "p",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "ul",
        "li",
        "code",
        "strong",
    }
    assert not rendered.names
    rows = [line for line in markdown.split("\n") if line.startswith("| `")]
    assert all(line.count(" | ") == 4 for line in rows)
    assert data_of(compliance_json(record))["schema"] == "terrace/compliance@1"


def test_hostile_text_is_escaped() -> None:
    for text in HOSTILE:
        page = compliance_page(report(piece(Outcome.FAILED, text), name=text))
        assert "<script>" not in page
        assert "onerror=alert" not in re.sub(r"&lt;.*?&gt;", "", page)
