"""What a check is told as: Markdown that fits a comment, JUnit that every reader takes, and what holds the change."""

from __future__ import annotations

import re
import xml.etree.ElementTree as Xml
from dataclasses import replace
from datetime import date

from hypothesis import given, settings
from markdown_it import MarkdownIt

from support.checked import checks, many, plan, rich
from support.golden import assert_golden
from support.plans import change
from terrace.assess.model import Finding, Severity, Status
from terrace.assess.waiver import Waiver
from terrace.plans.model import Action
from terrace.report import junit, machine, terminal
from terrace.report.checked import Checked, told_together, why_held
from terrace.report.html import check
from terrace.report.markdown.comment import MARKER, comment
from terrace.report.screen import plain_text
from terrace.stacks.model import Stack


def shown(record: Checked) -> str:
    return plain_text(terminal.checked(record))


def test_golden() -> None:
    assert_golden("check.md", comment(rich()))
    assert_golden("check.xml", junit.check(rich()))
    assert_golden("check.txt", shown(rich()))


@settings(max_examples=40)
@given(checks())
def test_junit_is_well_formed_whatever_stands_in_it(record: Checked) -> None:
    root = Xml.fromstring(junit.check(record).encode())
    findings = record.assessment.findings
    assert int(root.get("tests", "")) == len(findings) + len(record.assessment.plans)
    held = int(root.get("failures", "")) + int(root.get("errors", ""))
    assert held == len(record.holding)


@settings(max_examples=40)
@given(checks())
def test_nothing_acts_on_a_terminal_and_what_holds_takes_one_line_each(record: Checked) -> None:
    text = shown(record)
    assert all(c.isprintable() or c == "\n" for c in text)
    assert all("\n" not in why_held(finding) for finding in record.holding)


OURS = re.compile(r"(<details(?: open)?><summary>[^<>]*</summary>|</details>)")


@settings(max_examples=60)
@given(checks())
def test_nothing_from_outside_formats_links_or_mentions_in_a_comment(record: Checked) -> None:
    text = comment(record)
    assert text.startswith(f"{MARKER}\n\n### Terrace: ")
    tokens = MarkdownIt("commonmark", {"html": True}).enable("table").parse(text)
    flat = [token for one in tokens for token in (one, *(one.children or ()))]
    markup = [t.content.strip() for t in flat if t.type in ("html_block", "html_inline")]
    assert all(piece == MARKER or OURS.fullmatch(piece) for piece in markup), markup
    assert not {"link_open", "image", "em_open", "code_block", "hr"} & {t.type for t in flat}
    assert sum(t.type == "heading_open" for t in flat) == 1
    # As a forge reads what was rendered: nobody is called, no issue is named.
    assert not [t.content for t in flat if t.type == "text" and re.search(r"@\w|#\d", t.content)]


def test_a_comment_fits_and_says_what_it_leaves_out() -> None:
    text = comment(many(10_000))
    assert len(text.encode()) < 65_536
    assert "and 9980 more" in text
    assert "not fit" not in text


def test_of_a_plan_that_is_too_long_the_riskiest_part_is_shown_and_of_many_plans_those_that_fit() -> None:
    one = rich()
    created = tuple(change(f"aws_subnet.a[{n}]", Action.CREATE, None, {"cidr": "10.0.0.0/24"}) for n in range(2000))
    lost = change("aws_db_instance.main", Action.DELETE, {"engine": "mysql"}, None)
    stacks = [Stack("prod", f"environments/prod/s{n}", f"s{n}") for n in range(9)]
    plans = {stack.key: plan(stack, *created, lost) for stack in stacks}
    text = comment(replace(one, assessment=replace(one.assessment, plans=plans)))
    assert len(text.encode()) < 65_536
    block = text[text.index("<summary>prod/s0") :]
    assert block.index("- delete aws_db_instance.main") < block.index("+ create aws_subnet.a")
    assert re.search(r"! and 1\d\d\d more\n```", block)
    assert re.search(r"\d parts do not fit here\. The whole: `terrace check`", text)


def test_ten_thousand_cases() -> None:
    assert junit.check(many(10_000)).count("<testcase") == 10_002


def test_what_one_rule_says_of_one_place_is_told_together() -> None:
    one = Finding(
        "block", Severity.HIGH, Status.FAIL, "opa", "It may be public: a is false", "prod", "aws_x.y", fix="set"
    )
    others = [replace(one, message="It may be public: b is false"), replace(one, message="another thing")]
    elsewhere = replace(one, stack="dev")
    told = told_together([one, *others, elsewhere, one])
    assert [(f.stack, f.message) for f in told] == [
        ("prod", "It may be public: a is false; b is false; another thing"),
        ("dev", "It may be public: a is false"),
    ]


@given(checks())
def test_telling_together_leaves_no_finding_untold(record: Checked) -> None:
    findings = record.assessment.findings
    told = told_together(findings)
    assert len(told) <= len(findings)
    assert {(f.rule, f.path, f.address, f.blocks) for f in told} == {
        (f.rule, f.path, f.address, f.blocks) for f in findings
    }
    shown = " ".join(f"{f.stack} {f.message}" for f in told)
    assert all(f.stack in shown for f in findings if f.stack), "few enough to be named all"


UNPINNED = Finding("pinned", Severity.MEDIUM, Status.FAIL, "terrace", "it follows main", path="m/a.tf", line=3)


def with_findings(*findings: Finding) -> Checked:
    record = rich()
    return replace(record, assessment=replace(record.assessment, findings=findings))


def test_the_same_finding_of_several_stacks_is_one_with_their_names() -> None:
    at_file = [replace(UNPINNED, stack=f"{name}/app") for name in ("dev", "staging", "prod")]
    at_address = [replace(one, path=None, line=0, address="aws_x.y") for one in at_file]
    whole = replace(UNPINNED, message="it follows another branch", stack=None)
    told = told_together([*at_file, *at_address, whole])
    assert [(f.stack, f.message) for f in told] == [
        (None, "it follows main (in dev/app, staging/app, prod/app)"),
        ("dev/app, staging/app, prod/app", "it follows main"),
        (None, "it follows another branch"),
    ]
    many_stacks = told_together(replace(UNPINNED, stack=f"env{number}/app") for number in range(40))
    assert [f.message.endswith("env5/app and 34 more)") for f in many_stacks] == [True]
    for text in (shown(with_findings(*at_file)), comment(with_findings(*at_file))):
        assert text.count("it follows main") <= 2, "once in the list, once in what holds the change"


def test_stacks_that_are_not_planned_for_one_reason_are_one_finding() -> None:
    plan = Finding("plan", Severity.HIGH, Status.UNKNOWN, "terrace", "")
    told = told_together(
        [
            *(replace(plan, stack=key, message=f"{key} was not planned: it is new") for key in ("dev", "prod/app")),
            replace(plan, stack="qa", message="qa was not planned: no lock"),
            *(replace(plan, stack=key, address="a.b", message=f"{key} is named") for key in ("dev", "prod")),
        ]
    )
    assert [(f.stack, f.message) for f in told] == [
        ("dev, prod/app", "each was not planned: it is new"),
        ("qa", "qa was not planned: no lock"),
        ("dev", "dev is named"),
        ("prod", "prod is named"),
    ]


def test_a_finding_that_one_stack_waives_is_not_told_with_the_others() -> None:
    one = replace(UNPINNED, stack="dev/app")
    waived = replace(UNPINNED, stack="prod/app", status=Status.WAIVED)
    assert [(f.stack, f.status) for f in told_together([one, waived])] == [
        ("dev/app", Status.FAIL),
        ("prod/app", Status.WAIVED),
    ]


def test_findings_of_the_baseline_are_folded_and_counted() -> None:
    day = date(2026, 1, 5)
    baseline = Waiver("pinned", "ann", "day one", day, day, path="m/a.tf", since=day)
    known = [
        replace(UNPINNED, line=number, status=Status.WAIVED, waiver=baseline, message=f"old {number}")
        for number in range(1, 420)
    ]
    record = with_findings(replace(UNPINNED, message="new"), *known)
    text = shown(record)
    assert "old 7" not in text
    assert "419 known from the baseline (--explain lists those of the baseline)" in text
    unexplained = replace(record.risk, reasons=())
    assert "old 7" in shown(replace(record, explain=True, risk=unexplained))
    folded = comment(record)
    assert "419 findings known from the baseline" in folded


def test_the_verdict_is_the_first_and_the_last_thing_that_a_terminal_shows() -> None:
    lines = shown(rich()).splitlines()
    assert lines[0] == "verdict: block, held by 3 findings"
    assert "verdict: block" in lines[-6:]


def test_an_object_that_a_replacement_left_behind_is_not_shown_as_the_one_in_use() -> None:
    record = rich()
    key, known = next(iter(record.assessment.plans.items()))
    left = change("aws_db_instance.main", Action.DELETE, {"id": "old"}, deposed="1a2b3c4d")
    there = change("aws_db_instance.main", Action.UPDATE, {"size": 1}, {"size": 2})
    plans = {**record.assessment.plans, key: replace(known, changes=(left, there))}
    record = replace(record, assessment=replace(record.assessment, plans=plans))
    for text in (shown(record), comment(record), check.page(record)):
        assert "aws_db_instance.main (deposed object 1a2b3c4d)" in text
    assert "- aws_db_instance.main (deposed object 1a2b3c4d)" in shown(record)
    assert "~ aws_db_instance.main\n" in shown(record)
    told = machine.plan(plans[key])["changes"]
    assert [one.get("deposed") for one in told] == ["1a2b3c4d", None]
