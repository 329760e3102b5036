"""Random histories, and whether they can break anything: two hundred here, thousands in `benchmarks/histories.py`."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from simulation import laws
from simulation.people import People
from simulation.play import Played
from simulation.script import staged
from simulation.world import Applied
from terrace.config.model import Config
from terrace.ledger import kinds
from terrace.ledger.model import Draft

calm = settings(suppress_health_check=list(HealthCheck), phases=(Phase.generate, Phase.shrink))


@pytest.mark.slow
@settings(calm, max_examples=90)
@given(st.binary(min_size=250, max_size=250))
def test_no_history_breaks_a_law(luck: bytes) -> None:
    played = Played(luck)
    assert not played.broken, played.story


@pytest.mark.slow
@settings(calm, max_examples=110)
@given(st.binary(min_size=400, max_size=400))
def test_no_long_history_breaks_a_law(luck: bytes) -> None:
    played = Played(luck)
    assert not played.broken, played.story


# What could never fail would prove nothing: each law is broken once, by force.


def deployed() -> People:
    people, _ = staged()
    people.deploy("dev", machine=0)
    assert laws.broken(people.world) == []
    assert laws.unfinished(people.world) == []
    return people


def tell(people: People, kind: str, subject: str, **payload: object) -> None:
    """Write something into the ledger that nothing of Terrace would write."""
    people.world.ledger.append([Draft(kind, subject, "mallory", payload)], head=people.history.head)


def test_an_apply_without_approvals_is_seen() -> None:
    people = deployed()
    people.world.now = people.world.now.replace(hour=12)
    people.promote("staging", "eve")
    people.answer("staging", "bob")
    people.resume("staging")
    assert laws.broken(people.world) == []
    (applied,) = (a for a in people.world.applied if a.plan.stack == "staging/network")
    people.world.applied.remove(applied)
    without = tuple(e for e in applied.events if e.kind != kinds.APPROVAL_GIVEN)
    people.world.applied.append(Applied(applied.run, applied.plan, applied.digest, without, *_rules(applied)))
    assert any("has only the approvals of {}" in law for law in laws.broken(people.world))


def test_an_apply_that_is_run_again_is_seen() -> None:
    people = deployed()
    people.world.applied.append(people.world.applied[-1])
    assert any("was applied before" in law for law in laws.broken(people.world))


def test_what_enters_a_held_environment_is_seen() -> None:
    people = deployed()
    people.hold("dev")
    applied = people.world.applied[0]
    held = people.history.events[-1]
    events = (applied.events[0], held, *applied.events[1:])
    people.world.applied[0] = Applied(applied.run, applied.plan, applied.digest, events, *_rules(applied))
    assert any("which is held" in law for law in laws.broken(people.world))


def test_what_is_not_as_it_is_said_to_be_is_seen() -> None:
    people = deployed()
    people.world.cloud.estates["dev/app"].things.clear()
    told = laws.broken(people.world)
    assert any(law.startswith("dev/app is said to be at") for law in told)
    assert any(law.startswith("dev is said to be deployed") for law in told)


def test_what_has_no_end_is_seen() -> None:
    people = deployed()
    deployment = people.history.events[1].subject
    step = {"step": "apply", "stack": "dev/app", "attempt": "never ended", "detail": {}}
    tell(people, kinds.STEP_BEGUN, deployment, **step)
    assert any("never ended of dev/app has no end" in law for law in laws.unfinished(people.world))


def _rules(applied: Applied) -> tuple[Config, str]:
    return applied.config, applied.policy
