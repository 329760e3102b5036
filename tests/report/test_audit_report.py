"""Reports of full checks: every format has the same facts, and text from outside has no effect."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from support.check_outcomes import findings, texts
from support.records import data_of
from terrace.compliance.audit import Audited, RuleSeen, Scope, not_audited
from terrace.report.audit_words import MOST
from terrace.report.json.checks import check_all_json
from terrace.report.markdown.audit import audit_markdown
from terrace.report.terminal.audit import audit_report
from terrace.report.terminal.screen import plain_text

COMMIT = "c" * 40


def terminal(*audits: Audited) -> str:
    return plain_text(audit_report(audits))


def look(*found: object, name: str = "prod", **more: object) -> Audited:
    return Audited(Scope(name, "deployed", {COMMIT: (name,)}), findings=tuple(found), **more)  # type: ignore[arg-type]


def test_the_numbers_cover_every_result_of_the_rules() -> None:
    rules = {
        "a": RuleSeen("a", looked=3, failed=1, unknown=1),
        "b": RuleSeen("b", looked=3, unknown=1),
        "c": RuleSeen("c", looked=3, waived=1),
        "d": RuleSeen("d", looked=3),
        "e": RuleSeen("e"),
    }
    words = "1 plan, 3 existing resources; of 5 rules 1 failed, 1 waived, 1 unknown, 1 passed, 1 with nothing to check"
    for text in (
        terminal(look(rules=rules, planned=1, objects=3)),
        audit_markdown([look(rules=rules, planned=1, objects=3)]),
    ):
        assert words in text
        assert "the deployed configuration, ccccccc" in text


def test_an_environment_without_deployment_says_so() -> None:
    never = Audited(Scope("prod", "protected branch", {COMMIT: ("prod",)}))
    assert "never deployed by Terrace" in terminal(never)
    assert data_of(check_all_json([never]))["environments"][0]["basis"] == "protected branch"


def test_one_blocked_environment_blocks_the_whole_check() -> None:
    record = check_all_json([look(), look(not_audited("prod", "it is gone", "look"))])
    assert (record.verdict, [one.verdict for one in record.environments]) == (
        "block",
        ["pass", "block"],
    )


@settings(max_examples=25)
@given(st.lists(findings, max_size=5), texts)
def test_text_from_outside_has_no_effect(found: list[object], name: str) -> None:
    one = look(*found, name=name)
    assert all(c.isprintable() or c == "\n" for c in terminal(one))
    page = MarkdownIt("commonmark").enable("table").render(audit_markdown([one]))
    assert "<img" not in page
    assert "<script" not in page
    assert page.count("<a ") == 0
    json.loads(json.dumps(data_of(check_all_json([one]))))


def test_ten_thousand_findings_are_cut_for_people_and_complete_in_json() -> None:
    many = look(*(not_audited(f"s{n}", "gone") for n in range(10_000)))
    assert f"and {10_000 - MOST:,} more" in terminal(many)
    assert len(audit_markdown([many])) < 60_000
    assert len(check_all_json([many]).environments[0].findings) == 10_000
