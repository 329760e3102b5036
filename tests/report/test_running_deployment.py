"""A running deployment shows elapsed times, counts, the longest changes, and how long steps usually take."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrace.apps.output.progress import Lines
from terrace.ledger.authenticity import NO_KEY
from terrace.ledger.deployment import Deployment, Step, StepRecord
from terrace.ledger.events.steps import Detail
from terrace.ledger.model import History
from terrace.plans.activity import Activity
from terrace.plans.ports import Progress
from terrace.report.terminal.progress import deployment_progress, planning_tree
from terrace.report.terminal.screen import plain_text
from terrace.stacks.model import Manual

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
NOW = NOON + timedelta(minutes=3)
PLANNED = StepRecord(
    Step.PLAN, "prod/net", "a1", NOON, NOON, "succeeded", "4 to change", Detail(empty=False, create=3, replace=1)
)
APPLYING = StepRecord(Step.APPLY, "prod/net", "a2", NOON + timedelta(minutes=1))
UNCHANGED = StepRecord(Step.PLAN, "prod/app", "a3", NOON, NOON, "succeeded", "nothing to do", Detail(empty=True))


def deployment(*steps: StepRecord, stacks: tuple[str, ...] = ("prod/net", "prod/app")) -> Deployment:
    return Deployment("d1", "prod", "c" * 40, Manual("ann"), "ann", NOON, (stacks,), "p", steps=steps)


def shown(running: Deployment, activities: dict[str, Activity]) -> str:
    usual = {("prod", "prod/net", Step.APPLY): timedelta(minutes=5)}
    elapsed = timedelta(seconds=70)
    return plain_text(
        deployment_progress(running, running.steps, activities, usual, now=NOW, clock=100.0, elapsed=elapsed)
    )


def applying() -> Activity:
    activity = Activity()
    for number in range(5):
        activity.add(Progress("prod/net", "start", f"aws_vpc.v{number}", "create"), 50.0 + number)
    activity.add(Progress("prod/net", "done", "aws_vpc.v0", "create"), 60.0)
    return activity


def test_an_apply_shows_its_time_the_usual_time_its_counts_and_the_longest_changes() -> None:
    text = shown(deployment(PLANNED, UNCHANGED, APPLYING), {"prod/net": applying()})
    assert "ccccccc into prod (d1), 1 of 2 stacks done, 1m 10s" in text
    assert "apply, 2m (usually 5m), 1 of 5 changes made" in text
    assert "creating aws_vpc.v1, 49s" in text
    assert "creating aws_vpc.v4" not in text
    assert "and 1 more resource" in text


def test_a_failed_change_is_counted_apart() -> None:
    activity = applying()
    activity.add(Progress("prod/net", "failed", "aws_vpc.v1", "create"), 61.0)
    assert "1 of 5 changes made, 1 failed" in shown(deployment(PLANNED, APPLYING), {"prod/net": activity})


def test_more_changes_than_the_plan_has_are_shown_without_a_total() -> None:
    activity = Activity()
    for number in range(9):
        activity.add(Progress("prod/net", "done", f"aws_vpc.v{number}", "create"), 1.0)
    assert "9 changes made" in shown(deployment(PLANNED, APPLYING), {"prod/net": activity})


def test_a_step_that_was_never_run_before_has_no_usual_time() -> None:
    running = deployment(StepRecord(Step.PLAN, "prod/app", "a9", NOON))
    assert "plan, 3m\n" in shown(running, {})


def test_a_large_deployment_fits_on_a_screen_and_shows_every_running_stack() -> None:
    stacks = tuple(f"prod/s{number:03}" for number in range(300))
    done = [StepRecord(Step.PLAN, key, key, NOON, NOON, "succeeded", "", Detail(empty=True)) for key in stacks[:298]]
    running = StepRecord(Step.APPLY, "prod/s299", "last", NOON)
    text = shown(deployment(*done, running, stacks=stacks), {})
    assert len(text.splitlines()) < 50
    assert "298 of 300 stacks done" in text
    assert "prod/s299" in text
    assert "and 278 more stacks" in text


def test_a_plan_shows_what_was_read_and_what_will_change() -> None:
    activity = Activity()
    for phase, address in (("refresh", "a.b"), ("refresh", "a.b"), ("refresh", "a.c"), ("plan", "a.c")):
        activity.add(Progress("dev", phase, address), 1.0)
    assert "dev, 2 resources read, 1 change" in plain_text(planning_tree({"dev": activity}))
    assert "planning 1 stack" in plain_text(planning_tree({"dev": activity}))


PHASES = st.sampled_from(["refresh", "plan", "start", "progress", "done", "failed", "later"])
MESSAGES = st.lists(st.tuples(PHASES, st.sampled_from(["a.a", "a.b", "a.c"]), st.floats(0, 1e6)))


@given(MESSAGES)
def test_messages_in_any_order_never_count_what_did_not_end(messages: list[tuple[str, str, float]]) -> None:
    activity = Activity()
    for now, (phase, address, seconds) in enumerate(messages):
        activity.add(Progress("s", phase, address, "create", seconds), float(now))
    assert activity.changed == sum(phase == "done" for phase, _, _ in messages)
    assert activity.failed == sum(phase == "failed" for phase, _, _ in messages)
    assert len({change.address for change in activity.running}) == len(activity.running)
    assert shown(deployment(PLANNED, APPLYING), {"prod/net": activity})


class Clock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def test_a_pipe_gets_a_line_for_a_long_change_every_half_minute(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    lines = Lines(clock)
    lines.opened(deployment(), History(key=NO_KEY))
    lines.step(deployment(APPLYING), APPLYING)
    lines.progress(Progress("prod/net", "start", "aws_db_instance.main", "create"))
    for clock.seconds in range(10, 101, 10):
        lines.progress(Progress("prod/net", "progress", "aws_db_instance.main", "create", clock.seconds))
    printed = [line.strip() for line in capsys.readouterr().err.splitlines() if "still" in line]
    assert printed == [
        "prod/net: still creating aws_db_instance.main, 30s",
        "prod/net: still creating aws_db_instance.main, 1m",
        "prod/net: still creating aws_db_instance.main, 1m 30s",
    ]
