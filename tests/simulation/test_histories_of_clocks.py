"""A machine whose clock was set forward: its clock decides about no soak and no approval."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from simulation.people import People
from simulation.script import staged
from terrace.errors import BadInput
from terrace.gates.model import Verdict
from terrace.ledger import folds
from terrace.ledger.dates import Reference
from terrace.pipelines.approve import Word, answer
from terrace.pipelines.crew import Crew, unsigned
from terrace.pipelines.deploy import deploy, resume
from terrace.pipelines.opening import Refused
from terrace.pipelines.state.keep import prune
from terrace.stacks.model import Manual

DAY = timedelta(days=1)


def ahead(crew: Crew, people: People, *, by: timedelta = DAY) -> Crew:
    """The same tools on a machine with a wrong clock; the server of the remote has the right one."""

    def clock() -> datetime:
        return people.world.clock() + by

    return replace(crew, clock=clock, reference=lambda: Reference(people.world.now, "the server git.example.com"))


@pytest.fixture
def people() -> People:
    """The first release is in dev and staging."""
    people, _ = staged()
    for environment in ("dev", "staging"):
        people.world.now += timedelta(hours=1)
        people.deploy(environment, who="eve")
        for _ in range(2):
            for who in ("bob", "cid", "dan"):
                people.answer(environment, who)
            people.resume(environment)
    good = folds.last_good(people.history, "staging")
    assert good is not None, people.story
    return people


def played(people: People, command: Callable[[Crew], object]) -> object:
    return people.world.run("eve", lambda crew: command(ahead(crew, people)))


def clocks(verdict: Verdict) -> list[str]:
    return [result.reason for result in verdict.open if result.gate == "clock"]


def test_a_clock_that_was_set_forward_on_one_machine_passes_no_soak(people: People) -> None:
    commit = people.world.branch.tip.id
    before = people.history.head
    refused = played(people, lambda crew: deploy(crew, "prod", commit, Manual("eve")))
    assert isinstance(refused, Refused)
    (reason,) = clocks(refused.verdict)
    assert "git.example.com" in reason
    assert people.history.head == before, "it also writes nothing that is dated by that clock"


def test_a_clock_that_was_set_forward_goes_on_with_nothing_and_takes_no_approval(people: People) -> None:
    people.world.now += timedelta(hours=1)
    people.promote("prod", "eve")
    latest = folds.latest(people.history, "prod")
    assert latest is not None
    assert latest.open
    assert latest.waiting
    applied = len(people.world.applied)
    people.world.errors.clear()
    yes = Word("approve", "", "", unsigned)
    assert played(people, lambda crew: answer(crew, "prod", yes)) is None
    (error,) = people.world.errors
    assert isinstance(error, BadInput)
    assert "git.example.com" in error.message
    for who in ("bob", "cid", "dan"):
        people.answer("prod", who)
    played(people, lambda crew: resume(crew, latest))
    assert len(people.world.applied) == applied
    waiting = folds.latest(people.history, "prod")
    assert waiting is not None
    assert "git.example.com" in " ".join(waiting.waiting)
    people.resume("prod")
    assert len(people.world.applied) > applied


def test_no_copy_is_removed_by_a_clock_that_is_not_believed(people: People) -> None:
    people.world.errors.clear()
    assert played(people, lambda crew: prune(crew, ["dev", "staging"])) is None
    (error,) = people.world.errors
    assert "nothing was removed" in error.message
    assert "git.example.com" in error.message
