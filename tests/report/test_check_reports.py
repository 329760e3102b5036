"""Reports of a check: Markdown that fits a comment, valid JUnit, and the findings that block the change."""

from __future__ import annotations

import re
import xml.etree.ElementTree as Xml
from dataclasses import replace
from datetime import date

from hypothesis import given, settings
from markdown_it import MarkdownIt

from support.check_outcomes import outcome_with_findings, outcomes, plan, rich_outcome
from support.golden import assert_golden
from support.plans import change
from support.records import data_of
from terrace.assess.model import Finding, Severity, Status
from terrace.assess.waiver import Waiver
from terrace.plans.model import Action
from terrace.report import junit
from terrace.report.check_outcome import CheckOutcome, blocking_reason, group_findings
from terrace.report.html.check import check_page
from terrace.report.json.checks import plan_json
from terrace.report.markdown.comment import MARKER, comment
from terrace.report.terminal.checks import check_report, findings_table
from terrace.report.terminal.screen import plain_text
from terrace.stacks.model import Stack


def shown(record: CheckOutcome) -> str:
    return plain_text(check_report(record))


def test_golden() -> None:
    assert_golden("check.md", comment(rich_outcome()))
    assert_golden("check.xml", junit.check(rich_outcome()))
    assert_golden("check.txt", shown(rich_outcome()))


@settings(max_examples=40)
@given(outcomes())
def test_junit_is_well_formed_for_every_check(record: CheckOutcome) -> None:
    root = Xml.fromstring(junit.check(record).encode())
    findings = record.assessment.findings
    assert int(root.get("tests", "")) == len(findings) + len(record.assessment.plans)
    blocking = int(root.get("failures", "")) + int(root.get("errors", ""))
    assert blocking == len(record.blocking)


@settings(max_examples=40)
@given(outcomes())
def test_no_text_acts_on_a_terminal_and_every_blocking_finding_has_one_line(record: CheckOutcome) -> None:
    text = shown(record)
    assert all(c.isprintable() or c == "\n" for c in text)
    assert all("\n" not in blocking_reason(finding) for finding in record.blocking)


OURS = re.compile(r"(<details(?: open)?><summary>[^<>]*</summary>|</details>)")


@given(outcomes())
def test_text_from_outside_formats_links_and_mentions_nothing_in_a_comment(record: CheckOutcome) -> None:
    text = comment(record)
    assert text.startswith(f"{MARKER}\n\n### Terrace: ")
    tokens = MarkdownIt("commonmark", {"html": True}).enable("table").parse(text)
    flat = [token for one in tokens for token in (one, *(one.children or ()))]
    markup = [t.content.strip() for t in flat if t.type in ("html_block", "html_inline")]
    assert all(piece == MARKER or OURS.fullmatch(piece) for piece in markup), markup
    assert not {"link_open", "image", "em_open", "code_block", "hr"} & {t.type for t in flat}
    assert sum(t.type == "heading_open" for t in flat) == 1
    # A forge finds mentions and issues in the rendered text.
    assert not [t.content for t in flat if t.type == "text" and re.search(r"@\w|#\d", t.content)]


def test_a_comment_fits_and_says_how_much_it_leaves_out() -> None:
    text = comment(outcome_with_findings(10_000))
    assert len(text.encode()) < 65_536
    assert "and 9,980 more" in text
    assert "not fit" not in text


def test_a_long_plan_is_cut_after_the_riskiest_changes_and_plans_that_do_not_fit_are_left_out() -> None:
    one = rich_outcome()
    created = tuple(change(f"aws_subnet.a[{n}]", Action.CREATE, None, {"cidr": "10.0.0.0/24"}) for n in range(1400))
    lost = change("aws_db_instance.main", Action.DELETE, {"engine": "mysql"}, None)
    stacks = [Stack("prod", f"environments/prod/s{n}", f"s{n}") for n in range(9)]
    plans = {stack.key: plan(stack, *created, lost) for stack in stacks}
    text = comment(replace(one, assessment=replace(one.assessment, plans=plans)))
    assert len(text.encode()) < 65_536
    block = text[text.index("<summary>prod/s0") :]
    assert block.index("- delete aws_db_instance.main") < block.index("+ create aws_subnet.a")
    assert re.search(r"! and 1,\d\d\d more\n```", block)
    assert re.search(r"\d parts do not fit here\. `terrace check` shows everything", text)


def test_ten_thousand_cases() -> None:
    assert junit.check(outcome_with_findings(10_000)).count("<testcase") == 10_002


def test_findings_of_one_rule_at_one_place_become_one() -> None:
    one = Finding(
        "block", Severity.HIGH, Status.FAIL, "opa", "It may be public: a is false", "prod", "aws_x.y", fix="set"
    )
    others = [replace(one, message="It may be public: b is false"), replace(one, message="another thing")]
    elsewhere = replace(one, stack="dev")
    groups = group_findings([one, *others, elsewhere, one])
    assert [(f.stack, f.message) for f in groups] == [
        ("prod", "It may be public: a is false; b is false; another thing"),
        ("dev", "It may be public: a is false"),
    ]


@given(outcomes())
def test_grouping_loses_no_finding(record: CheckOutcome) -> None:
    findings = record.assessment.findings
    groups = group_findings(findings)
    assert len(groups) <= len(findings)
    assert {(f.rule, f.address, f.blocks) for f in groups} == {(f.rule, f.address, f.blocks) for f in findings}
    assert {(f.path, f.line) for f in groups if f.blocks} == {(f.path, f.line) for f in findings if f.blocks}
    shown = " ".join(f"{f.path} {f.stack} {f.message}" for f in groups)
    assert all(f.path in shown for f in findings if f.path), "few enough to be named all"
    assert all(f.stack in shown for f in findings if f.stack), "few enough to be named all"


UNPINNED = Finding("pinned", Severity.MEDIUM, Status.FAIL, "terrace", "it follows main", path="m/a.tf", line=3)


def with_findings(*findings: Finding) -> CheckOutcome:
    record = rich_outcome()
    return replace(record, assessment=replace(record.assessment, findings=findings))


def test_the_diff_of_an_unformatted_file_is_short_unless_all_of_it_is_wanted() -> None:
    diff = "\n".join(f"+line {number}" for number in range(30))
    finding = Finding("format", Severity.LOW, Status.FAIL, "fmt", "x is not formatted", path="x.tf", detail=diff)
    short, whole = (plain_text(findings_table([finding], full=full)) for full in (False, True))
    assert ("+line 11" in short, "+line 12" in short, "and 18 more lines" in short) == (True, False, True)
    assert ("+line 29" in whole, "more lines" in whole) == (True, False)


def test_the_same_finding_in_several_stacks_becomes_one_with_their_names() -> None:
    at_file = [replace(UNPINNED, stack=f"{name}/app") for name in ("dev", "staging", "prod")]
    at_address = [replace(one, path=None, line=0, address="aws_x.y") for one in at_file]
    whole = replace(UNPINNED, message="it follows another branch", stack=None)
    groups = group_findings([*at_file, *at_address, whole])
    assert [(f.stack, f.message) for f in groups] == [
        (None, "it follows main (in dev/app, staging/app, prod/app)"),
        ("dev/app, staging/app, prod/app", "it follows main"),
        (None, "it follows another branch"),
    ]
    many_stacks = group_findings(replace(UNPINNED, stack=f"env{number}/app") for number in range(40))
    assert [f.message.endswith("env5/app and 34 more)") for f in many_stacks] == [True]
    for text in (shown(with_findings(*at_file)), comment(with_findings(*at_file))):
        assert text.count("it follows main") <= 2, "once in the list, once among the blocking findings"


def test_the_same_advice_for_several_files_becomes_one_finding_with_their_places() -> None:
    advice = [replace(UNPINNED, advisory=True, path=f"m/{name}.tf") for name in "abcdef"]
    other = replace(advice[0], path="m/g.tf", message="it follows another branch")
    assert [(f.path, f.message) for f in group_findings([*advice, other])] == [
        ("m/a.tf", "it follows main (also at m/b.tf:3, m/c.tf:3, m/d.tf:3 and 2 more)"),
        ("m/g.tf", "it follows another branch"),
    ]
    blocking = [replace(one, advisory=False) for one in advice]
    assert [f.path for f in group_findings(blocking)] == [f"m/{name}.tf" for name in "abcdef"]


def test_stacks_that_could_not_be_planned_for_one_reason_become_one_finding() -> None:
    plan = Finding("plan", Severity.HIGH, Status.UNKNOWN, "terrace", "")
    groups = group_findings(
        [
            *(replace(plan, stack=key, message=f"{key} was not planned: it is new") for key in ("dev", "prod/app")),
            replace(plan, stack="qa", message="qa was not planned: no lock"),
            *(replace(plan, stack=key, address="a.b", message=f"{key} is named") for key in ("dev", "prod")),
        ]
    )
    assert [(f.stack, f.message) for f in groups] == [
        ("dev, prod/app", "each was not planned: it is new"),
        ("qa", "qa was not planned: no lock"),
        ("dev", "dev is named"),
        ("prod", "prod is named"),
    ]


def test_a_waived_finding_is_not_grouped_with_others() -> None:
    one = replace(UNPINNED, stack="dev/app")
    waived = replace(UNPINNED, stack="prod/app", status=Status.WAIVED)
    assert [(f.stack, f.status) for f in group_findings([one, waived])] == [
        ("dev/app", Status.FAIL),
        ("prod/app", Status.WAIVED),
    ]


def test_known_findings_are_folded_and_counted() -> None:
    day = date(2026, 1, 5)
    baseline = Waiver("pinned", "ann", "day one", day, day, path="m/a.tf", since=day)
    known = [
        replace(UNPINNED, line=number, status=Status.WAIVED, waiver=baseline, message=f"old {number}")
        for number in range(1, 420)
    ]
    record = with_findings(replace(UNPINNED, message="new"), *known)
    text = shown(record)
    assert "old 7" not in text
    assert "419 known findings (--explain lists the known findings)" in text
    unexplained = replace(record.risk, reasons=())
    assert "old 7" in shown(replace(record, explain=True, risk=unexplained))
    folded = comment(record)
    assert "419 known findings" in folded


def test_the_verdict_is_the_first_and_the_last_line_in_a_terminal() -> None:
    lines = shown(rich_outcome()).splitlines()
    assert lines[0] == "verdict: block, blocked by 3 findings"
    assert "verdict: block" in lines[-6:]


def test_a_deposed_object_is_distinguished_from_the_current_one() -> None:
    record = rich_outcome()
    key, known = next(iter(record.assessment.plans.items()))
    left = change("aws_db_instance.main", Action.DELETE, {"id": "old"}, deposed="1a2b3c4d")
    there = change("aws_db_instance.main", Action.UPDATE, {"size": 1}, {"size": 2})
    plans = {**record.assessment.plans, key: replace(known, changes=(left, there))}
    record = replace(record, assessment=replace(record.assessment, plans=plans))
    for text in (shown(record), comment(record), check_page(record)):
        assert "aws_db_instance.main (deposed object 1a2b3c4d)" in text
    assert "- aws_db_instance.main (deposed object 1a2b3c4d)" in shown(record)
    assert "~ aws_db_instance.main\n" in shown(record)
    changes = data_of(plan_json(plans[key]))["changes"]
    assert [change.get("deposed") for change in changes] == ["1a2b3c4d", None]
