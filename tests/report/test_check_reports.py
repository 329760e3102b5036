"""What a check is told as: Markdown that fits a comment, JUnit that every reader takes, and what holds the change."""

from __future__ import annotations

import io
import re
import xml.etree.ElementTree as Xml

from hypothesis import given, settings
from rich.console import Console

from support.checked import checks, many, rich
from support.golden import assert_golden
from terrace.report import junit, markdown, terminal
from terrace.report.checked import Checked, why_held


def shown(record: Checked) -> str:
    text = io.StringIO()
    Console(file=text, width=160, soft_wrap=True, color_system=None).print(terminal.checked(record))
    return text.getvalue()


def test_golden() -> None:
    assert_golden("check.md", markdown.checked(rich()))
    assert_golden("check.xml", junit.check(rich()))
    assert_golden("check.txt", shown(rich()))


@settings(max_examples=40, deadline=None)
@given(checks())
def test_junit_is_well_formed_whatever_stands_in_it(record: Checked) -> None:
    root = Xml.fromstring(junit.check(record).encode())
    findings = record.assessment.findings
    assert int(root.get("tests", "")) == len(findings) + len(record.assessment.plans)
    held = int(root.get("failures", "")) + int(root.get("errors", ""))
    assert held == len(record.holding)


@settings(max_examples=40, deadline=None)
@given(checks())
def test_nothing_acts_on_a_terminal_and_what_holds_takes_one_line_each(record: Checked) -> None:
    text = shown(record)
    assert all(c.isprintable() or c == "\n" for c in text)
    assert all("\n" not in why_held(finding) for finding in record.holding)


@settings(max_examples=40, deadline=None)
@given(checks())
def test_no_html_of_others_in_markdown(record: Checked) -> None:
    text = re.sub(r"^(`{3,})diff\n.*?\n\1$", "", markdown.checked(record), flags=re.MULTILINE | re.DOTALL)
    outside = text.replace("<details><summary>", "").replace("</summary>", "").replace("</details>", "")
    prose = [line for line in outside.split("\n") if line.startswith("- ") and "`" not in line]
    assert all("<" not in line and "@" not in line and "](" not in line for line in prose)


def test_a_comment_fits_and_says_what_it_leaves_out() -> None:
    text = markdown.checked(many(10_000))
    assert len(text.encode()) < 65_536
    assert "and 9980 more" in text
    assert "left out" in text


def test_ten_thousand_cases() -> None:
    assert junit.check(many(10_000)).count("<testcase") == 10_002
