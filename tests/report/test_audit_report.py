"""A look at everything is told the same in every format, and nothing in it acts on whoever reads it."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from support.checked import findings, texts
from terrace.compliance.audit import Audited, RuleSeen, Scope, untold
from terrace.report.audit import MOST, as_json, as_markdown, as_terminal
from terrace.report.screen import plain_text

COMMIT = "c" * 40


def terminal(*looks: Audited) -> str:
    return plain_text(as_terminal(looks))


def look(*found: object, name: str = "prod", **more: object) -> Audited:
    return Audited(Scope(name, "deployed", {COMMIT: (name,)}), findings=tuple(found), **more)  # type: ignore[arg-type]


def test_numbers_say_what_was_broken_told_and_not_there() -> None:
    rules = {
        "a": RuleSeen("a", looked=3, failed=1, unknown=1),
        "b": RuleSeen("b", looked=3, unknown=1),
        "c": RuleSeen("c", looked=3, waived=1),
        "d": RuleSeen("d", looked=3),
        "e": RuleSeen("e"),
    }
    words = (
        "1 plan, 3 objects there now; of 5 rules 1 broken, 1 waived, 1 could not be told, 1 right, 1 with nothing to"
    )
    for text in (
        terminal(look(rules=rules, planned=1, objects=3)),
        as_markdown([look(rules=rules, planned=1, objects=3)]),
    ):
        assert words in text
        assert "what is deployed, ccccccc" in text


def test_where_nothing_was_deployed_that_is_said() -> None:
    never = Audited(Scope("prod", "protected branch", {COMMIT: ("prod",)}))
    assert "never deployed by Terrace" in terminal(never)
    assert as_json([never])["environments"][0]["basis"] == "protected branch"


def test_one_environment_that_blocks_is_enough() -> None:
    told = as_json([look(), look(untold("prod", "it is gone", "look"))])
    assert (told["verdict"], [one["verdict"] for one in told["environments"]]) == ("block", ["pass", "block"])


@settings(max_examples=25)
@given(st.lists(findings, max_size=5), texts)
def test_nothing_from_outside_acts(found: list[object], name: str) -> None:
    one = look(*found, name=name)
    assert all(c.isprintable() or c == "\n" for c in terminal(one))
    page = MarkdownIt("commonmark").enable("table").render(as_markdown([one]))
    assert "<img" not in page
    assert "<script" not in page
    assert page.count("<a ") == 0
    json.loads(json.dumps(as_json([one])))


def test_people_are_not_shown_ten_thousand_findings() -> None:
    many = look(*(untold(f"s{n}", "gone") for n in range(10_000)))
    assert f"and {10_000 - MOST} more" in terminal(many)
    assert len(as_markdown([many])) < 60_000
    assert len(as_json([many])["environments"][0]["findings"]) == 10_000
