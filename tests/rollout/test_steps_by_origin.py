"""What is done before and after the stacks, by what set a deployment going; and how the course is walked."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from support.payloads import detail_of
from terrace.config.model import CommandProbe, Environment, Rollout
from terrace.gates.model import GateResult, Outcome, Verdict
from terrace.ledger.deployment import Deployment, Step, StepRecord, StepResult
from terrace.rollout.health import Health, Healthy, Measure, Rest, Unclear, Unhealthy
from terrace.rollout.next_step import Asked, Finish, Perform, Task, Wait, next_step
from terrace.rollout.steps_by_origin import EnvironmentSteps, environment_steps
from terrace.stacks.model import (
    AutomaticRollback,
    Destruction,
    Manual,
    Origin,
    Promotion,
    Recovery,
    Remediation,
    Rollback,
)

START = datetime(2026, 1, 5, 12, tzinfo=UTC)
PROBE = CommandProbe(("true",))
SMOKE_AND_TAG = Environment("prod")
WATCHED = replace(SMOKE_AND_TAG, health=(PROBE,), on_failure="rollback")
BACK = (Rollback("d0", "ann", "sick"), AutomaticRollback("d0", "sick"))


def test_a_release_nobody_watches_is_smoked_and_tagged() -> None:
    assert environment_steps(Manual("ann"), SMOKE_AND_TAG) == EnvironmentSteps((), (Step.SMOKE, Step.TAG))


@pytest.mark.parametrize(
    "environment",
    [replace(SMOKE_AND_TAG, health=(PROBE,)), replace(SMOKE_AND_TAG, rollout=Rollout(bake=timedelta(minutes=1)))],
)
def test_a_probe_or_a_bake_makes_it_watched(environment: Environment) -> None:
    assert environment_steps(Manual("ann"), environment).closing == (Step.SMOKE, Step.HEALTH, Step.TAG)


@pytest.mark.parametrize("origin", [Manual("ann"), Promotion("staging", "ann"), Recovery("d0", "ann")])
def test_who_would_go_back_by_himself_measures_first(origin: Origin) -> None:
    assert environment_steps(origin, WATCHED).opening == (Step.BASELINE,)
    assert environment_steps(origin, replace(WATCHED, health=(), smoke=(PROBE,))).opening == (Step.BASELINE,)
    assert environment_steps(origin, replace(WATCHED, health=())).opening == (), "there is nothing to measure"
    assert environment_steps(origin, replace(WATCHED, on_failure="pause")).opening == ()


@pytest.mark.parametrize("origin", BACK)
def test_a_way_back_measures_nothing_first_and_prepares_the_revert_last(origin: Origin) -> None:
    assert environment_steps(origin, WATCHED) == EnvironmentSteps((), (Step.SMOKE, Step.HEALTH, Step.TAG, Step.REVERT))


def test_a_remedy_is_smoked_and_no_release_and_a_destruction_ends_with_its_stacks() -> None:
    assert environment_steps(Remediation("e1", "ann"), WATCHED) == EnvironmentSteps((), (Step.SMOKE,))
    assert environment_steps(Destruction("ann", "over"), WATCHED) == EnvironmentSteps((), ())


# --- walking it --------------------------------------------------------------------------------------------------


def passes(plans: tuple[StepRecord, ...]) -> Verdict:
    return Verdict("prod", (GateResult("approvals", Outcome.PASS, "fine"),))


def record(step: Step, result: StepResult | None = "succeeded", stack: str = "", **detail: object) -> StepRecord:
    return StepRecord(step, stack, f"{step.value}-{stack}", START, START, result, "said so", detail_of(**detail))


def deployment(*steps: StepRecord, empty: bool = True) -> Deployment:
    planned = record(Step.PLAN, stack="prod", empty=empty, digest="d")
    return Deployment("d1", "prod", "c" * 40, Manual("a"), "a", START, (("prod",),), "p", (planned, *steps))


RELEASE = environment_steps(Manual("a"), WATCHED)
WELL = Healthy()


def ask(one: Deployment, how: Health = WELL, by: EnvironmentSteps = RELEASE) -> object:
    return next_step(one, Asked(passes, lambda seen: how, by), frozenset({"plan-prod"}))


def test_the_opening_comes_after_consent_and_before_anything_is_touched() -> None:
    assert ask(deployment(empty=False)) == Perform((Task(Step.BASELINE),))
    begun = deployment(record(Step.BASELINE, None), empty=False)
    assert ask(begun) == Perform((Task(Step.BASELINE),)), "one without an end is measured again"


@pytest.mark.parametrize("result", ["succeeded", "failed"])
def test_a_baseline_that_could_not_be_measured_stops_nothing(result: StepResult) -> None:
    assert ask(deployment(record(Step.BASELINE, result), empty=False)) == Perform((Task(Step.BACKUP, "prod"),))


def test_nothing_to_do_needs_no_baseline() -> None:
    assert ask(deployment()) == Perform((Task(Step.SMOKE),))


def test_health_is_asked_after_the_smoke_tests_and_measured_as_often_as_it_says() -> None:
    smoked = deployment(record(Step.SMOKE))
    assert ask(smoked, Measure()) == Perform((Task(Step.HEALTH),))
    again = deployment(record(Step.SMOKE), record(Step.HEALTH))
    assert ask(again, Measure()) == Perform((Task(Step.HEALTH),))
    assert ask(again, Healthy()) == Perform((Task(Step.TAG),))


def test_sickness_ends_it_and_doubt_only_waits() -> None:
    smoked = deployment(record(Step.SMOKE))
    assert ask(smoked, Unhealthy("2 of 3 failed")) == Finish("failed", ("health: 2 of 3 failed",))
    later = START + timedelta(minutes=1)
    is_waiting = ask(smoked, Rest(later, "bakes"))
    assert isinstance(is_waiting, Wait)
    assert [r.until for r in is_waiting.verdict.open] == [later]
    doubts = ask(smoked, Unclear("inconclusive"))
    assert isinstance(doubts, Wait)
    (result,) = doubts.verdict.open
    assert (result.until, "terrace resume prod" in result.satisfy) == (None, True), "mere time does not settle it"


def test_each_step_of_the_closing_is_done_once_and_a_failed_one_ends_it() -> None:
    back = environment_steps(BACK[0], WATCHED)
    done = [record(Step.SMOKE), record(Step.TAG)]
    assert ask(deployment(*done), by=back) == Perform((Task(Step.REVERT),))
    assert ask(deployment(*done, record(Step.REVERT)), by=back) == Finish("succeeded")
    assert ask(deployment(record(Step.SMOKE), record(Step.TAG, "failed")), by=back) == Finish(
        "failed", ("tag: said so",)
    )


def test_a_destruction_is_over_with_its_stacks() -> None:
    assert ask(deployment(), by=environment_steps(Destruction("ann", "over"), WATCHED)) == Finish("succeeded")
