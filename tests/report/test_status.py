"""`terrace status` says which step of a deployment runs, and since when: an apply has no limit of time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from terrace.ledger.deployment import Deployment, Step, StepRecord
from terrace.report import machine, terminal
from terrace.report.screen import plain_text
from terrace.stacks.model import Manual

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
PLANNED = StepRecord(Step.PLAN, "prod/net", "a1", NOON, NOON, "succeeded")
APPLYING = StepRecord(Step.APPLY, "prod/net", "a2", NOON)
GOING_ON = Deployment(
    "d1", "prod", "c" * 40, Manual("ann"), "ann", NOON, (("prod/net",),), "p", steps=(PLANNED, APPLYING)
)


def test_an_apply_that_runs_is_told_with_the_time_since_it_began() -> None:
    now = NOON + timedelta(hours=3)
    rows = [("prod", GOING_ON, None, None)]
    assert "apply prod/net began 3 h ago" in plain_text(terminal.status(rows, {}, {}, now))
    (row,) = machine.status(rows, {}, {}, {})["environments"]
    (running,) = row["running"]
    assert (running["step"], running["stack"], running["attempt"]) == ("apply", "prod/net", "a2")
    assert running["since"].startswith("2026-01-05T12:00:00")


def test_a_deployment_that_waits_runs_nothing() -> None:
    waits = Deployment(
        "d1", "prod", "c" * 40, Manual("ann"), "ann", NOON, ((),), "p", steps=(PLANNED,), waiting=("0 of 1 approvals",)
    )
    (row,) = machine.status([("prod", waits, None, None)], {}, {}, {})["environments"]
    assert row["running"] == []
    assert "began" not in plain_text(terminal.status([("prod", waits, None, None)], {}, {}, NOON))
