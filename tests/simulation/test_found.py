"""What the simulation found once. Each was a history in which something went wrong, cut down to what it takes."""

from __future__ import annotations

from datetime import timedelta

from simulation import laws
from simulation.choices import Choices
from simulation.people import People
from simulation.process import Process
from simulation.script import staged
from simulation.site import Wanted, thing
from terrace.ledger import folds
from terrace.stacks.model import AutomaticRollback, Recovery

DIES = bytes([255, 255, 0, 0])
"""What makes the next apply die with one object made that its state does not know."""


def up_to(people: People, *environments: str) -> None:
    """Take the tip up the ladder so far. What reads another stack's outputs is approved once those are known."""
    for environment in environments:
        people.world.now += timedelta(hours=1)
        people.deploy(environment, who="eve")
        for _ in range(2):
            approved(people, environment)
        for _ in range(5):
            people.world.now += timedelta(minutes=3)
            people.tick()
        assert result(people, environment) == "succeeded", people.story


def approved(people: People, environment: str, machine: int = 0) -> None:
    """Everybody approves, and it goes on."""
    for who in ("bob", "cid", "dan"):
        people.answer(environment, who)
    people.resume(environment, machine=machine)


def result(people: People, environment: str) -> str | None:
    latest = folds.latest(people.history, environment)
    return latest.result if latest is not None else None


def about_to_apply(people: People, environment: str) -> object:
    """Whether the next that is written is the intent of an apply: backed up is all, and begun is none."""

    def when(process: Process) -> bool:
        latest = folds.latest(people.history, environment)
        return latest is not None and any(r.step.value == "backup" for r in latest.steps) and not latest.touched

    return when


def test_who_holds_between_consent_and_intent_is_heard() -> None:
    people, script = staged()
    script.at("before ledger.append", lambda process: people.hold("dev"), about_to_apply(people, "dev"))
    people.deploy("dev")
    assert folds.hold(people.history, "dev") is not None
    assert laws.broken(people.world) == []
    assert people.world.applied == []


def test_who_rejects_between_consent_and_intent_is_heard() -> None:
    people, script = staged()
    up_to(people, "dev")
    people.world.now += timedelta(hours=1)
    people.promote("staging", "eve")
    people.answer("staging", "bob")
    script.at(
        "before ledger.append",
        lambda process: people.answer("staging", "dan", "reject"),
        about_to_apply(people, "staging"),
    )
    people.resume("staging")
    assert laws.broken(people.world) == []
    assert result(people, "staging") != "succeeded"


def recovering(process: Process) -> bool:
    """Whether the other machine is about to write."""
    return process.machine.name == "two"


def failing(people: People, key: str) -> None:
    """Merge a release that fails in one stack after everything before it was applied, and bring it up to staging."""
    people.world.merge({key: Wanted({thing(key): "v-bad", "terraform_data.more": "v"}, "apply")})


def test_a_clock_that_was_set_back_hides_no_newer_release_from_a_rollback() -> None:
    people, script = staged()
    up_to(people, "dev", "staging")
    failing(people, "staging/app")
    up_to(people, "dev")
    people.world.now += timedelta(hours=1)
    people.promote("staging", "eve")

    def mended(process: Process) -> None:
        people.world.now -= timedelta(hours=6)
        people.world.merge({"staging/app": Wanted({thing("staging/app"): "v-mended"})})
        people.deploy("dev", machine=1)
        people.world.now += timedelta(hours=1)
        people.promote("staging", "eve", machine=1)
        approved(people, "staging", machine=1)
        assert result(people, "staging") == "succeeded"

    script.at("after ledger.append", mended, lambda process: result(people, "staging") == "failed")
    approved(people, "staging")
    assert not any(isinstance(d.origin, AutomaticRollback) for d in folds.deployments(people.history))
    assert folds.last_good(people.history, "staging").commit == people.world.branch.tip.id


def test_a_release_that_comes_in_while_a_rollback_does_is_not_undone_by_it() -> None:
    people, script = staged()
    up_to(people, "dev", "staging")
    failing(people, "staging/app")
    up_to(people, "dev")
    people.world.now += timedelta(hours=1)
    people.promote("staging", "eve")
    people.merge("ann", staging__app=Wanted({thing("staging/app"): "v-mended"}))
    tip = people.world.branch.tip.id

    def mended(process: Process) -> None:
        people.deploy("dev", machine=1)
        people.world.now += timedelta(hours=1)
        people.promote("staging", "eve", machine=1)
        approved(people, "staging", machine=1)
        assert folds.last_good(people.history, "staging").commit == tip

    script.at(
        "before ledger.append",
        mended,
        lambda process: process.machine.name == "one" and result(people, "staging") == "failed",
    )
    approved(people, "staging")
    assert not any(isinstance(d.origin, AutomaticRollback) for d in folds.deployments(people.history))
    assert folds.last_good(people.history, "staging").commit == tip


def test_what_two_people_recover_at_once_is_recovered_once() -> None:
    people, script = staged()
    people.world.choices = people.world.shared.choices = Choices(DIES)
    people.deploy("dev", machine=0)
    assert result(people, "dev") == "unknown"
    script.at("before ledger.append", lambda process: people.recover("dev", "cid", machine=0) and None, recovering)
    people.recover("dev", "bob", machine=1)
    recoveries = [d for d in folds.deployments(people.history) if isinstance(d.origin, Recovery)]
    assert len(recoveries) == 1
    assert laws.broken(people.world) == []
