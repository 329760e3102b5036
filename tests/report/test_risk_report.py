"""The risk in every format, with text from outside without effect."""

from __future__ import annotations

from terrace.assess.model import Assessment
from terrace.assess.risk import Reason, Risk
from terrace.report.check_outcome import CheckOutcome
from terrace.report.json.checks import check_json
from terrace.report.markdown.comment import comment
from terrace.report.terminal.checks import check_report
from terrace.report.terminal.screen import plain_text
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
    return plain_text(check_report(CheckOutcome(Assessment(NOTHING), (), True, FOUND, explain)))


def test_a_terminal_shows_the_largest_reasons_and_all_of_them_on_demand() -> None:
    text = shown(explain=False)
    assert "risk: high (58 of 100)" in text
    assert "and 1 more reason (--explain)" in text
    assert "\x1b" not in text
    assert "50 for every resource that can hold data and is deleted or replaced, at most 75" in shown(explain=True)


def test_json_and_markdown_have_the_same_risk() -> None:
    risk = check_json(CheckOutcome(Assessment(NOTHING), (), True, FOUND)).risk
    assert (risk.level, risk.score) == ("high", 58)
    assert (risk.reasons[1].factor, risk.reasons[1].points, risk.reasons[1].what) == ("loss", 5, "y")
    text = comment(CheckOutcome(Assessment(NOTHING), (), True, FOUND))
    assert "**Risk: high** (58 of 100)" in text
    assert "\x1b" not in text
    assert "@all" not in text
