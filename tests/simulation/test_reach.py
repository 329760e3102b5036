"""A run that may only read plans and asks; another one, which may apply, goes on. Neither does the other's part."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from simulation.choices import Choices
from simulation.people import People
from simulation.script import staged
from simulation.site import Wanted, thing
from terrace.errors import StateLock
from terrace.gates.deployment import HANDED_OVER
from terrace.ledger import folds
from terrace.ledger.deployment import Deployment, Step
from terrace.pipelines.context import Context
from terrace.pipelines.deploy.deploy import deploy
from terrace.pipelines.rollback.destroy import destroy
from terrace.pipelines.rollback.rollback import rollback
from terrace.pipelines.tick import DueEnvironments, find_due_environments
from terrace.stacks.model import Manual, Promotion

Act = Callable[[Context], object]


def forward(context: Context) -> object:
    return deploy(context, "dev", context.repository.protected_tip(), Manual("eve"))


def down(context: Context) -> object:
    return destroy(context, "dev", None, "it is over")


def back(context: Context) -> object:
    return rollback(context, "dev", to=None, reason="it is sick", agreed=frozenset())


@pytest.fixture
def people() -> People:
    return People(Choices(b""))


def looks(people: People, act: Act) -> Deployment:
    """A run that may only read does something."""
    before = len(people.world.applied)
    done = people.world.run("eve", lambda context: act(replace(context, reach="plan")))
    assert isinstance(done, Deployment), (done, people.world.errors)
    assert len(people.world.applied) == before, "it may only read"
    return done


def stirs(people: People) -> DueEnvironments:
    found = people.world.run("bot", find_due_environments)
    assert found is not None
    return found


def result(people: People, environment: str) -> str | None:
    latest = folds.latest(people.history, environment)
    return latest.result if latest is not None else None


def test_every_wave_is_planned_and_none_applied(people: People) -> None:
    planned = looks(people, forward)
    assert planned.waiting == (HANDED_OVER,)
    assert {(record.step, record.stack) for record in planned.steps} == {
        (Step.PLAN, "dev/network"),
        (Step.PLAN, "dev/app"),
    }
    assert stirs(people).goes_on == ("dev",)
    people.resume("dev")
    assert result(people, "dev") == "succeeded"
    assert [one.plan.stack for one in people.world.applied] == ["dev/network", "dev/app"]
    assert "dev" not in stirs(people).goes_on


@pytest.mark.parametrize("act", [down, back])
def test_ways_back_are_handed_over_too(people: People, act: Act) -> None:
    people.deploy("dev")
    people.merge("ann", dev__app=Wanted({thing("dev/app"): "v-new"}))
    people.deploy("dev")
    assert looks(people, act).waiting == (HANDED_OVER,)
    people.resume("dev")
    assert result(people, "dev") == "succeeded"


def test_a_tick_wakes_nobody_where_people_are_asked(people: People) -> None:
    people.deploy("dev")
    people.world.now += timedelta(hours=1)
    good = folds.last_good(people.history, "dev")
    assert good is not None
    commit = good.commit
    waits = looks(people, lambda context: deploy(context, "staging", commit, Promotion("dev", "eve")))
    assert len(waits.waiting) == 2
    assert "staging" not in stirs(people).goes_on
    people.answer("staging", "bob")
    assert stirs(people).goes_on == ("staging",)
    people.resume("staging")
    assert people.world.applied[-1].plan.stack.startswith("staging/")


def test_what_an_environment_takes_by_itself_enters(people: People) -> None:
    assert stirs(people) == DueEnvironments(("dev",), ())
    assert people.world.run("bot", lambda context: find_due_environments(context, ("prod",))) == DueEnvironments((), ())


def _write_state(people: People) -> None:
    """Another process writes the state of dev/network, and changes nothing else."""
    people.world.cloud.estates["dev/network"].serial += 1


def test_a_plan_without_the_right_to_write_is_not_disturbed_by_a_lock(people: People) -> None:
    people.deploy("dev")
    people.world.cloud.estates["dev/network"].lock = StateLock("1", "someone@elsewhere", "OperationTypePlan", "")
    people.merge("ann", dev__network=Wanted({thing("dev/network"): "v-new"}))
    assert looks(people, forward).waiting == (HANDED_OVER,)


def test_a_plan_without_a_lock_is_made_again_when_the_state_changes_meanwhile() -> None:
    people, script = staged()
    people.deploy("dev")
    script.at("after terraform.plan", lambda process: _write_state(people))
    people.merge("ann", dev__network=Wanted({thing("dev/network"): "v-new"}))
    planned = looks(people, forward)
    assert planned.waiting == (HANDED_OVER,)
    record = planned.last(Step.PLAN, "dev/network")
    assert record is not None
    assert record.detail.serial == people.world.cloud.estates["dev/network"].serial


def test_a_plan_without_a_lock_fails_when_the_state_keeps_changing() -> None:
    people, script = staged()
    people.deploy("dev")
    for _ in range(10):
        script.at("after terraform.plan", lambda process: _write_state(people))
    people.merge("ann", dev__network=Wanted({thing("dev/network"): "v-new"}))
    planned = looks(people, forward)
    assert planned.result == "failed"
    assert "changed during each of 3 plans: another process is applying to it" in planned.reasons[0]
