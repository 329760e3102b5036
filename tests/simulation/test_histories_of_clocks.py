"""A machine whose clock was set forward or back: its clock decides about no soak and no approval."""

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
from terrace.ledger.dates import Reference, no_reference
from terrace.pipelines.approvals.approve import GivenDecision, answer
from terrace.pipelines.context import Context, prove_nothing
from terrace.pipelines.deploy.deploy import deploy, resume
from terrace.pipelines.deploy.lifecycle import Refused
from terrace.pipelines.states.retention import prune
from terrace.stacks.model import Manual

DAY = timedelta(days=1)


def ahead(context: Context, people: People, *, by: timedelta = DAY) -> Context:
    """The same tools on a machine with a wrong clock; the server of the remote has the right one."""

    def clock() -> datetime:
        return people.world.clock() + by

    return replace(context, clock=clock, reference=lambda: Reference(people.world.now, "the server git.example.com"))


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


def played(people: People, command: Callable[[Context], object]) -> object:
    return people.world.run("eve", lambda context: command(ahead(context, people)))


def clocks(verdict: Verdict) -> list[str]:
    return [result.reason for result in verdict.open if result.gate == "clock"]


def test_a_clock_that_was_set_forward_on_one_machine_passes_no_soak(people: People) -> None:
    commit = people.world.branch.tip.id
    before = people.history.head
    refused = played(people, lambda context: deploy(context, "prod", commit, Manual("eve")))
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
    yes = GivenDecision("approve", "", "", prove_nothing)
    assert played(people, lambda context: answer(context, "prod", yes)) is None
    (error,) = people.world.errors
    assert isinstance(error, BadInput)
    assert "git.example.com" in error.message
    for who in ("bob", "cid", "dan"):
        people.answer("prod", who)
    played(people, lambda context: resume(context, latest))
    assert len(people.world.applied) == applied
    waiting = folds.latest(people.history, "prod")
    assert waiting is not None
    assert "git.example.com" in " ".join(waiting.waiting)
    people.resume("prod")
    assert len(people.world.applied) > applied


def test_no_copy_is_removed_by_a_clock_that_is_not_believed(people: People) -> None:
    people.world.errors.clear()
    assert played(people, lambda context: prune(context, ["dev", "staging"])) is None
    (error,) = people.world.errors
    assert "nothing was removed" in error.message
    assert "git.example.com" in error.message


# --- set back: no other clock is known, as on a machine whose remote is a folder -------------------------------------


def behind(people: People, by: timedelta, command: Callable[[Context], object], machine: int = 0) -> object:
    """A command on a machine whose clock is late."""

    def late(context: Context) -> object:
        clock = context.clock
        return command(replace(context, clock=lambda: clock() - by, reference=no_reference))

    return people.world.run("eve", late, machine)


def waits_in_prod(people: People) -> str:
    latest = folds.latest(people.history, "prod")
    assert latest is not None and latest.open
    return " ".join(latest.waiting)


@pytest.fixture
def expired(people: People) -> People:
    """Approvals in prod are good for eight hours; they were given, and were seen to be over."""
    people.world.now += timedelta(hours=1)
    people.promote("prod", "eve")
    for who in ("bob", "cid", "dan"):
        people.answer("prod", who)
    people.world.now += timedelta(hours=8, minutes=1)
    people.resume("prod")
    assert "the approval has expired" in waits_in_prod(people)
    return people


@pytest.mark.parametrize("minutes", [2, 4, 60, 600, 24 * 60])
def test_an_approval_that_was_seen_to_be_over_is_not_valid_again_by_a_clock_that_is_set_back(
    expired: People, minutes: int
) -> None:
    """A little later than it was noted, and before: by less than clocks may differ, by an hour, by a day."""
    applied, latest = len(expired.world.applied), folds.latest(expired.history, "prod")
    assert latest is not None
    for machine in (0, 1):
        behind(expired, timedelta(minutes=minutes), lambda context: resume(context, latest), machine)
        assert len(expired.world.applied) == applied
        waits_in_prod(expired)
    for _ in range(2):
        for who in ("bob", "cid", "dan"):
            expired.answer("prod", who)
        expired.resume("prod")
    assert len(expired.world.applied) > applied, "with the right clock and new answers it goes on"


def test_by_a_clock_that_is_set_back_nothing_is_approved_applied_or_taken_over(people: People) -> None:
    people.world.now += timedelta(hours=1)
    people.promote("prod", "eve")
    applied, hour = len(people.world.applied), timedelta(hours=1)
    latest = folds.latest(people.history, "prod")
    assert latest is not None
    people.world.errors.clear()
    assert (
        behind(people, hour, lambda context: answer(context, "prod", GivenDecision("approve", "", "", prove_nothing)))
        is None
    )
    (error,) = people.world.errors
    assert "dated" in error.message
    for who in ("bob", "cid", "dan"):
        people.answer("prod", who)
    behind(people, hour, lambda context: resume(context, latest), 1)
    assert len(people.world.applied) == applied
    times = [event.time for event in people.history.events]
    assert times == sorted(times), "events are dated no earlier than those before them"
    people.resume("prod")
    assert len(people.world.applied) > applied


def test_by_a_clock_that_is_set_back_no_copy_of_a_state_is_removed(people: People) -> None:
    people.world.errors.clear()
    assert behind(people, timedelta(hours=2), lambda context: prune(context, ["dev", "staging"])) is None
    (error,) = people.world.errors
    assert "nothing was removed" in error.message
