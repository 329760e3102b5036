"""A risk as people and machines read it: what comes from outside cannot act."""

from __future__ import annotations

from terrace.assess.model import Assessment
from terrace.assess.risk import Reason, Risk
from terrace.report import machine, terminal
from terrace.report.checked import Checked
from terrace.report.markdown.comment import comment
from terrace.report.screen import plain_text
from terrace.stacks.model import ChangeSet

FOUND = Risk(
    58,
    "high",
    (
        Reason("data-loss", 50, "dev: aws_db_instance.\x1b[31mx|@all"),
        Reason("loss", 5, "y"),
        Reason("data", 3, "y"),
        Reason("size", 1, "y"),
    ),
)
NOTHING = ChangeSet("a" * 40, "b" * 40, (), ())


def shown(*, explain: bool) -> str:
    return plain_text(terminal.check(NOTHING, {}, {}, (), (), passed=True, risk=FOUND, explain=explain))


def test_a_terminal_shows_the_largest_reasons_and_all_of_them_where_asked() -> None:
    text = shown(explain=False)
    assert "risk: high (58 of 100)" in text
    assert "and 1 more reason (--explain)" in text
    assert "\x1b" not in text
    assert "50 for every object that may hold data and is deleted or replaced, at most 75" in shown(explain=True)


def test_json_and_markdown_tell_the_same() -> None:
    said = machine.check(NOTHING, {}, (), (), passed=True, risk=FOUND)["risk"]
    assert (said["level"], said["score"]) == ("high", 58)
    assert said["reasons"][1] == {"factor": "loss", "points": 5, "what": "y"}
    text = comment(Checked(Assessment(NOTHING), (), True, FOUND))
    assert "**Risk: high** (58 of 100)" in text
    assert "\x1b" not in text
    assert "@all" not in text
