"""A compliance report is the same in every format, and nothing from outside acts on whoever reads it."""

from __future__ import annotations

import html.parser
import json
import re
from dataclasses import replace
from datetime import timedelta

from hypothesis import given, settings
from markdown_it import MarkdownIt

from support.checked import HOSTILE, texts
from support.stories import NOON
from terrace.compliance.answers import Evidence, Outcome, answers
from terrace.compliance.audit import RuleSeen, Scope
from terrace.compliance.gathering import Span
from terrace.compliance.overview import Compliance, Looked
from terrace.compliance.recorded_audits import Audit, KnownRule
from terrace.compliance.shipped import framework
from terrace.report.compliance import as_json, as_markdown, as_terminal, totals
from terrace.report.html.compliance import as_html
from terrace.report.screen import plain_text

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
    told = answers(framework("nist-800-53"), evidence)
    return Compliance(NOON, (Looked(name, look, (note,)),), (told,), "p", "h" * 64, Span(NOON + timedelta(hours=1)))


def piece(outcome: Outcome, text: str = "said") -> Evidence:
    return Evidence("rule " + text, KEY, "prod", outcome, text, NOON, ("c" * 40,), (text,))


def terminal(record: Compliance) -> str:
    return plain_text(as_terminal(record))


def test_every_format_tells_the_same_numbers_and_no_share() -> None:
    record = report(piece(Outcome.BAD), replace(piece(Outcome.GOOD), key="terrace:ledger"))
    (told,) = record.frameworks
    numbers = totals(told)
    assert numbers.endswith(f" of {len(told.answers)} listed")
    assert sum(int(n) for n in re.findall(r"(\d+) (?:pass|fail|not|manual)", numbers)) == len(told.answers)
    for text in (terminal(record), as_markdown(record), as_html(record)):
        assert numbers in text
        assert not re.search(r"\d\s*%(?!;)", re.sub(r"<style>.*?</style>|width: \d+%", "", text, flags=re.S))
    counts = json.loads(as_json(record))["frameworks"][0]["counts"]
    assert counts["pass"] + counts["fail"] + counts["not_evaluated"] + counts["manual"] == counts["listed"]


def test_what_is_told_of_a_control_is_by_what_when_and_at_which_commit() -> None:
    record = report(piece(Outcome.BAD))
    for text in (terminal(record), as_markdown(record).replace("&#45;", "-"), as_html(record)):
        assert "CM-6" in text
        assert "2026-01-05 12:00 UTC" in text
        assert "c" * 7 in text
    told = next(c for c in json.loads(as_json(record))["frameworks"][0]["controls"] if c["state"] == "fail")
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
USUAL.feed(as_html(report(*(piece(outcome) for outcome in Outcome))))


def test_the_page_needs_nothing_else() -> None:
    page = as_html(report(piece(Outcome.BAD)))
    assert "default-src 'none'; style-src 'sha256-" in page
    assert not {"script", "link", "img", "iframe", "form"} & USUAL.tags
    assert "http://" not in page
    assert "@media print" in page


@settings(max_examples=25)
@given(texts, texts)
def test_nothing_from_outside_acts(one: str, other: str) -> None:
    record = report(piece(Outcome.BAD, one), piece(Outcome.WAIVED, other), name=other, note=one)
    seen = _Tags()
    seen.feed(as_html(record))
    assert seen.tags <= USUAL.tags
    assert seen.names <= USUAL.names
    assert all(c.isprintable() or c == "\n" for c in terminal(record))
    markdown = as_markdown(record)
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
    assert json.loads(as_json(record))["schema"] == "terrace/compliance@1"


def test_each_hostile_text_is_only_text() -> None:
    for text in HOSTILE:
        page = as_html(report(piece(Outcome.BAD, text), name=text))
        assert "<script>" not in page
        assert "onerror=alert" not in re.sub(r"&lt;.*?&gt;", "", page)
