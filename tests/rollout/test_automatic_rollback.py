"""What follows from a failed release: back by itself only where that is agreed to, safe, and about the release."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.stories import Story
from terrace.config.model import Environment
from terrace.ledger import kinds
from terrace.ledger.deployment import Step
from terrace.rollout.automatic_rollback import GoBack, Nothing, Pause, Reaction, reaction
from terrace.stacks.model import (
    Automatic,
    AutomaticRollback,
    Destruction,
    Manual,
    Origin,
    Promotion,
    Recovery,
    Remediation,
    Rollback,
)

PROD = Environment("prod", on_failure="rollback")
GOOD, BAD, NEXT = "a" * 40, "b" * 40, "d" * 40
SICK = ("health: 0 of 3 passed",)


BY_HAND = Manual("ann")


def failed(
    told: Story,
    origin: Origin = BY_HAND,
    *,
    healthy: bool | None = True,
    last: tuple[Step, dict[str, object]] | None = None,
    reasons: tuple[str, ...] = SICK,
) -> None:
    """The deployment `bad`, well applied and then failed, by `last` or by its health."""
    told.open("bad", BAD, origin)
    if healthy is not None:
        told.step("bad", Step.BASELINE, detail={"healthy": healthy})
    told.step("bad", Step.APPLY)
    if last is not None:
        told.step("bad", last[0], "failed", detail=last[1])
    told.end("bad", "failed", *reasons)


def answer(told: Story, environment: Environment = PROD) -> Reaction:
    return reaction(environment, told.deployment("bad"), told.history)


@pytest.fixture
def told() -> Story:
    """prod at a good release."""
    made = Story()
    made.release("good", GOOD)
    return made


def paused(told: Story, words: str) -> None:
    found = answer(told)
    assert isinstance(found, Pause)
    assert any(words in reason for reason in found.reasons), found


@pytest.mark.parametrize("origin", [Manual("ann"), Automatic(), Promotion("staging", "ann")])
def test_a_release_that_is_sick_goes_back_once(told: Story, origin: Origin) -> None:
    failed(told, origin)
    assert answer(told) == GoBack(AutomaticRollback("bad", SICK[0]))
    told.open("back", GOOD, AutomaticRollback("bad", SICK[0]))
    assert answer(told) == Nothing(), "it was reacted to"
    told.end("back", "blocked")
    assert answer(told) == Nothing(), "and never a second time"


def test_nothing_follows_where_nobody_agreed_or_nothing_happened(told: Story) -> None:
    failed(told)
    assert answer(told, replace(PROD, on_failure="pause")) == Nothing()
    bad = told.deployment("bad")
    untouched = replace(bad, steps=tuple(s for s in bad.steps if s.step is not Step.APPLY))
    assert reaction(PROD, untouched, told.history) == Nothing()
    for result in ("succeeded", "unknown", "blocked", "superseded"):
        assert reaction(PROD, replace(bad, result=result), told.history) == Nothing()


@pytest.mark.parametrize(
    "origin",
    [
        Rollback("x", "ann", "why"),
        AutomaticRollback("x", "why"),
        Recovery("x", "ann"),
        Remediation("x", "ann"),
        Destruction("ann", "over"),
    ],
)
def test_what_was_no_release_is_for_people(told: Story, origin: Origin) -> None:
    failed(told, origin)
    paused(told, "it was not a release")


def test_a_held_environment_is_peoples(told: Story) -> None:
    failed(told)
    told.write(kinds.ENVIRONMENT_HELD, "prod", {"reason": "incident 7"})
    paused(told, "prod is on hold: incident 7")


def test_what_was_sick_before_or_not_measured_stays(told: Story) -> None:
    failed(told, healthy=False)
    paused(told, "not healthy before either")
    other = Story()
    other.release("good", GOOD)
    failed(other, healthy=None)
    paused(other, "its health before is unknown")


def test_the_first_release_has_nowhere_to_go() -> None:
    told = Story()
    failed(told)
    paused(told, "no good release to go back to")


def test_a_good_one_of_the_same_commit_is_no_way_back() -> None:
    told = Story()
    told.release("same", BAD)
    failed(told)
    paused(told, "no good release to go back to")


def test_something_newer_is_never_undone_even_if_the_clock_was_set_back(told: Story) -> None:
    failed(told)
    told.clock -= 600
    told.release("newer", NEXT)
    paused(told, "something newer was deployed there")


def test_what_builds_on_it_already_is_not_pulled_from_under(told: Story) -> None:
    failed(told)
    told.clock -= 600
    told.release("above", BAD, environment="later")
    paused(told, "later builds on it already")
    assert isinstance(answer(told), Pause)


@pytest.mark.parametrize("step", [Step.TAG, Step.SNAPSHOT, Step.BACKUP])
def test_a_step_of_our_own_housekeeping_condemns_no_release(told: Story, step: Step) -> None:
    failed(told, last=(step, {}), reasons=(f"{step.value}: the store is full",))
    paused(told, f"the release itself did not fail: {step.value}")


def test_smoke_tests_that_could_not_be_made_are_no_proof(told: Story) -> None:
    failed(told, last=(Step.SMOKE, {"probes": [{"name": "a", "reading": "unclear", "message": "no output"}]}))
    paused(told, "it is unknown whether it works")


@pytest.mark.parametrize(
    ("step", "detail"),
    [
        (Step.SMOKE, {"probes": [{"reading": "unclear"}, {"reading": "failed"}]}),
        (Step.APPLY, {}),
        (Step.PLAN, {}),
    ],
)
def test_a_release_that_does_not_work_or_is_half_there_goes_back(
    told: Story, step: Step, detail: dict[str, object]
) -> None:
    failed(told, last=(step, detail))
    assert isinstance(answer(told), GoBack)


def test_a_failed_apply_whose_state_could_not_be_saved_either_goes_back(told: Story) -> None:
    told.open("bad", BAD, Manual("ann"))
    told.step("bad", Step.BASELINE, detail={"healthy": True})
    told.step("bad", Step.APPLY, "failed")
    told.step("bad", Step.SNAPSHOT, "failed")
    told.end("bad", "failed", "apply failed")
    assert isinstance(answer(told), GoBack)


def test_a_measurement_that_broke_once_hides_no_sickness(told: Story) -> None:
    failed(told, last=(Step.HEALTH, {}))
    assert isinstance(answer(told), GoBack)


@given(st.lists(st.sampled_from(["held", "newer", "above", "back", "unhealthy"]), max_size=4))
def test_whatever_happens_it_goes_back_only_if_nothing_speaks_against_it(happened: list[str]) -> None:
    told = Story()
    told.release("good", GOOD)
    failed(told, healthy="unhealthy" not in happened)
    for number, what in enumerate(happened):
        if what == "held":
            told.write(kinds.ENVIRONMENT_HELD, "prod", {"reason": "people"})
        elif what == "newer":
            told.release(f"newer{number}", NEXT)
        elif what == "above":
            told.release(f"above{number}", BAD, environment="later")
        elif what == "back":
            told.open(f"back{number}", GOOD, AutomaticRollback("bad", "sick"))
    found = answer(told)
    assert isinstance(found, GoBack) == (not happened)
    assert isinstance(found, Nothing) == ("back" in happened)
