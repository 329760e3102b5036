"""What the simulation found once. Each was a history in which something went wrong, cut down to what it takes."""

from __future__ import annotations

from datetime import timedelta

from simulation import laws
from simulation.people import People
from simulation.process import Process
from simulation.script import kill, staged
from simulation.site import Wanted, thing
from terrace.ledger import folds
from terrace.pipelines.deploy import Refused
from terrace.stacks.model import AutomaticRollback, Recovery

DIES = bytes([255, 255, 0, 0])
"""What makes the next apply die with one object made that its state does not know."""


def up_to(people: People, *environments: str) -> None:
    """Take the tip up the ladder so far."""
    for environment in environments:
        people.world.now += timedelta(hours=1)
        people.deploy(environment, who="eve")
        for who in ("bob", "cid", "dan"):
            people.answer(environment, who)
        people.resume(environment)
        for _ in range(5):
            people.world.now += timedelta(minutes=3)
            people.tick()


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
        "before ledger.append", lambda process: people.answer("staging", "dan", "reject"), about_to_apply(people, "staging")
    )
    people.resume("staging")
    assert laws.broken(people.world) == []
    assert result(people, "staging") != "succeeded"
