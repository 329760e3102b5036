"""`terrace status` shows which step of a deployment runs, and since when: an apply has no time limit."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from support.records import data_of
from terrace.ledger.deployment import Deployment, Step, StepRecord
from terrace.report.json.deployments import environment_statuses
from terrace.report.terminal.deployments import status_table
from terrace.report.terminal.screen import plain_text
from terrace.stacks.model import Manual

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
PLANNED = StepRecord(Step.PLAN, "prod/net", "a1", NOON, NOON, "succeeded")
APPLYING = StepRecord(Step.APPLY, "prod/net", "a2", NOON)
OPEN = Deployment("d1", "prod", "c" * 40, Manual("ann"), "ann", NOON, (("prod/net",),), "p", steps=(PLANNED, APPLYING))


def test_a_running_apply_is_shown_with_its_age() -> None:
    now = NOON + timedelta(hours=3)
    rows = [("prod", OPEN, None, None)]
    assert "apply prod/net started 3h ago" in plain_text(status_table(rows, {}, {}, now))
    (row,) = environment_statuses(rows, {}, {}, {})
    (running,) = data_of(row)["running"]
    assert running == {"step": "apply", "stack": "prod/net", "attempt": "a2", "since": "2026-01-05T12:00:00Z"}


def test_a_waiting_deployment_runs_no_step() -> None:
    waits = Deployment(
        "d1", "prod", "c" * 40, Manual("ann"), "ann", NOON, ((),), "p", steps=(PLANNED,), waiting=("0 of 1 approvals",)
    )
    (row,) = environment_statuses([("prod", waits, None, None)], {}, {}, {})
    assert data_of(row)["running"] == []
    assert "started" not in plain_text(status_table([("prod", waits, None, None)], {}, {}, NOON))
