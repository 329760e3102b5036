"""How long a step usually takes is the median of its newest successful runs."""

from __future__ import annotations

from datetime import timedelta

from support.stories import PLANNED, Story
from terrace.ledger import kinds
from terrace.ledger.deployment import Step
from terrace.ledger.usual_durations import NEWEST, usual_durations
from terrace.stacks.model import Manual

APPLY = ("prod", "prod", Step.APPLY)


def write(
    story: Story, name: str, minutes: int, result: str = "succeeded", step: Step = Step.APPLY, **detail: object
) -> None:
    """Writes a step of the stack `prod` that took some minutes."""
    story.open(name, "c" * 40, Manual("ann"))
    begun = {"step": step.value, "stack": "prod", "attempt": name}
    story.write(kinds.STEP_BEGUN, name, begun)
    story.clock += minutes - 1
    ended = {"attempt": name, "result": result, "message": "", "detail": {**PLANNED, **detail}}
    story.write(kinds.STEP_ENDED, name, ended)


def test_without_a_run_there_is_no_usual_duration() -> None:
    assert usual_durations(Story().history) == {}


def test_the_duration_is_the_median_of_successful_runs() -> None:
    story = Story()
    for number, minutes in enumerate((1, 3, 90)):
        write(story, f"d{number}", minutes)
    write(story, "failed", 500, "failed")
    assert usual_durations(story.history)[APPLY] == timedelta(minutes=3)


def test_only_the_newest_runs_count() -> None:
    story = Story()
    for number in range(NEWEST):
        write(story, f"old{number}", 90)
    for number in range(NEWEST):
        write(story, f"new{number}", 2)
    assert usual_durations(story.history)[APPLY] == timedelta(minutes=2)


def test_a_plan_without_changes_does_not_count() -> None:
    story = Story()
    write(story, "d1", 4, step=Step.PLAN, empty=True)
    assert ("prod", "prod", Step.PLAN) not in usual_durations(story.history)
    write(story, "d2", 4, step=Step.PLAN, empty=False)
    assert usual_durations(story.history)["prod", "prod", Step.PLAN] == timedelta(minutes=4)
