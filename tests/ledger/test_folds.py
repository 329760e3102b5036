"""The folds: what the ledger tells of deployments, approvals and holds, after each event of a story."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.payloads import origin_payload
from terrace.gates.model import Subject
from terrace.ledger import kinds
from terrace.ledger.authenticity import NO_KEY
from terrace.ledger.chain import decode, export, seal
from terrace.ledger.deployment import Deployment, Holder, Step
from terrace.ledger.events.deployments import OriginRecord
from terrace.ledger.events.steps import Detail
from terrace.ledger.folds import approvals, deployments, last_good, latest
from terrace.ledger.holds import Hold, hold
from terrace.ledger.model import Draft, History
from terrace.ledger.origins import origin_of, origin_record, origin_word
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

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
HOLDER = Holder("host", "boot", 7, "ann")
OPENING: Mapping[str, Any] = {
    "environment": "prod",
    "commit": "c" * 40,
    "origin": origin_payload(Promotion("staging", "ann")),
    "waves": [["prod/network"], ["prod/app", "prod/db"]],
    "policy": "p1",
}


def minute(number: int) -> datetime:
    return NOON + timedelta(minutes=number)


class Story:
    """Events, one a minute, as they come back from a store."""

    def __init__(self) -> None:
        self.history = History(key=NO_KEY)

    def tell(self, kind: str, subject: str, payload: Mapping[str, Any] | None = None, actor: str = "ann") -> Story:
        at = len(self.history.events)
        draft = Draft(kind, subject, actor, payload or {})
        event = seal(draft, position=at, previous=self.history.head, id=f"e{at}", time=minute(at), key=NO_KEY)
        (line,) = export([event])
        self.history = History((*self.history.events, decode(line.encode())), key=NO_KEY)
        return self

    def opened(self, deployment: str = "d1", environment: str = "prod") -> Story:
        waves = [[f"{environment}/network"], [f"{environment}/app", f"{environment}/db"]]
        return self.tell(kinds.DEPLOYMENT_OPENED, deployment, {**OPENING, "environment": environment, "waves": waves})

    def leased(self, epoch: int = 1) -> Story:
        return self.tell(kinds.LEASE_TAKEN, "d1", {"holder": asdict(HOLDER), "epoch": epoch})

    def begun(self, step: Step, attempt: str, **detail: object) -> Story:
        payload = {"step": step.value, "stack": "prod/app", "attempt": attempt, "detail": detail}
        return self.tell(kinds.STEP_BEGUN, "d1", payload)

    def ended(self, attempt: str, result: str, **detail: object) -> Story:
        return self.tell(kinds.STEP_ENDED, "d1", {"attempt": attempt, "result": result, "detail": detail})

    def finished(self, result: str, deployment: str = "d1", **more: object) -> Story:
        return self.tell(kinds.DEPLOYMENT_ENDED, deployment, {"result": result, **more})

    @property
    def deployment(self) -> Deployment:
        (only,) = deployments(self.history)
        return only


def test_an_empty_ledger_has_no_deployments() -> None:
    nothing = History(key=NO_KEY)
    assert deployments(nothing) == ()
    assert latest(nothing, "prod") is None
    assert last_good(nothing, "prod") is None
    assert hold(nothing, "prod") is None
    assert approvals(nothing, "d1") == ()


def test_an_opened_deployment_says_what_goes_where_and_who_asked() -> None:
    told = Story().opened().deployment
    assert (told.id, told.environment, told.commit, told.policy) == ("d1", "prod", "c" * 40, "p1")
    assert (told.requester, told.opened_at, told.origin) == ("ann", NOON, Promotion("staging", "ann"))
    assert told.waves == (("prod/network",), ("prod/app", "prod/db"))
    assert told.open
    assert (told.steps, told.lease, told.epoch, told.waiting) == ((), None, 0, ())


def test_a_step_is_open_until_its_own_end_is_written() -> None:
    story = Story().opened().begun(Step.PLAN, "a1", later=False).begun(Step.APPLY, "a2")
    assert [record.open for record in story.deployment.steps] == [True, True]
    assert [record.attempt for record in story.deployment.in_doubt] == ["a2"]
    made = {"digest": "d", "empty": False, "lineage": "l", "serial": 1}
    story.ended("a1", "succeeded", **made)
    plan, apply = story.deployment.steps
    assert (plan.result, plan.began_at, plan.ended_at) == ("succeeded", minute(1), minute(3))
    assert plan.detail == Detail(later=False, digest="d", empty=False, lineage="l", serial=1), (
        "what was known at the begin stays"
    )
    assert apply.open
    story.ended("a2", "unknown")
    assert [record.attempt for record in story.deployment.in_doubt] == ["a2"], "an unknown end is still a doubt"


def test_a_second_attempt_leaves_the_first_as_it_was() -> None:
    story = Story().opened().begun(Step.APPLY, "a1").ended("a1", "failed").begun(Step.APPLY, "a2")
    first, second = story.deployment.steps
    assert (first.result, second.result) == ("failed", None)
    assert story.deployment.last(Step.APPLY, "prod/app") == second


def test_a_released_lease_ends_and_its_epoch_remains() -> None:
    story = Story().opened().leased(epoch=1)
    assert story.deployment.lease is not None
    assert (story.deployment.lease.holder, story.deployment.lease.since) == (HOLDER, minute(1))
    released = story.tell(kinds.LEASE_RELEASED, "d1").deployment
    assert released.lease is None
    assert released.epoch == 1
    story.leased(epoch=2)
    assert story.deployment.epoch == 2


def test_waiting_releases_the_lease_and_taking_it_ends_the_wait() -> None:
    story = Story().opened().leased().tell(kinds.DEPLOYMENT_WAITING, "d1", {"reasons": ["one more yes"]})
    assert (story.deployment.waiting, story.deployment.lease) == (("one more yes",), None)
    story.leased(epoch=2)
    assert story.deployment.waiting == ()


@pytest.mark.parametrize("result", ["succeeded", "failed", "unknown", "blocked", "superseded"])
def test_an_end_of_any_kind_closes_the_deployment(result: str) -> None:
    told = Story().opened().leased().finished(result, reasons=["so it was"], tag="prod/1").deployment
    assert not told.open
    assert (told.result, told.reasons, told.tag, told.ended_at) == (result, ("so it was",), "prod/1", minute(2))
    assert (told.lease, told.waiting) == (None, ())


def test_latest_is_the_newest_and_last_good_the_newest_that_succeeded() -> None:
    story = Story().opened("d1").finished("succeeded", "d1").opened("d2").finished("failed", "d2")
    story.opened("d3", "dev").opened("d4")
    newest, good = latest(story.history, "prod"), last_good(story.history, "prod")
    assert newest is not None
    assert newest.id == "d4"
    assert good is not None
    assert good.id == "d1"
    assert last_good(story.history, "dev") is None
    assert [d.id for d in deployments(story.history)] == ["d1", "d2", "d3", "d4"]


def test_events_of_a_deployment_that_was_never_opened_are_ignored() -> None:
    assert deployments(Story().leased().finished("succeeded").history) == ()


def test_event_kinds_of_later_versions_change_nothing() -> None:
    story = Story().opened()
    told = story.deployment
    assert story.tell("deployment.painted", "d1", {"colour": "green"}).deployment == told


def test_a_hold_lasts_until_it_is_released() -> None:
    story = Story().tell(kinds.ENVIRONMENT_HELD, "prod", {"reason": "audit"}, actor="bob")
    assert hold(story.history, "prod") == Hold("audit", "bob", NOON, id="e0")
    assert hold(story.history, "dev") is None
    story.tell(kinds.ENVIRONMENT_UNHELD, "prod")
    assert hold(story.history, "prod") is None
    story.tell(kinds.ENVIRONMENT_HELD, "prod", {"reason": "again"})
    assert hold(story.history, "prod") == Hold("again", "ann", minute(2), id="e2")


def test_approvals_are_read_back_with_their_deployments() -> None:
    subject = Subject("e0", "prod", "prod/app", "c" * 40, "digest", "p1", "lineage")
    signed = {
        "actor": "bob",
        "role": "owners",
        "answer": "approve",
        "subjects": [asdict(subject)],
        "at": NOON.isoformat(),
        "statement": "I agree",
        "signature": "signed",
    }
    unsigned = {**signed, "answer": "reject", "signature": None, "comment": "not today"}
    story = (
        Story()
        .opened()
        .opened("d2")
        .tell(kinds.APPROVAL_GIVEN, "d1", signed)
        .tell(kinds.APPROVAL_GIVEN, "d2", unsigned)
    )
    (first,) = approvals(story.history, "d1")
    assert (first.deployment, first.actor, first.role, first.answer) == ("d1", "bob", "owners", "approve")
    assert (first.subjects, first.at, first.comment) == ((subject,), NOON, "")
    assert (first.statement, first.signature) == ("I agree", "signed")
    (second,) = approvals(story.history, "d2")
    assert (second.answer, second.comment, second.signature) == ("reject", "not today", None)


ORIGINS = (
    Manual("ann"),
    Automatic(),
    Promotion("staging", "ann"),
    Rollback("d1", "ann", "it is slow"),
    AutomaticRollback("d1", "smoke: failed"),
    Remediation("e1", "ann"),
    Recovery("d1", "ann"),
    Destruction("ann", "moved"),
)


@pytest.mark.parametrize("origin", ORIGINS, ids=origin_word)
def test_an_origin_is_read_back_as_it_was(origin: Origin) -> None:
    assert {type(one) for one in ORIGINS} == set(get_args(Origin))
    assert origin_of(msgspec.convert(origin_payload(origin), OriginRecord)) == origin
    assert origin_of(origin_record(origin)) == origin


@given(st.lists(st.sampled_from(["hold", "lease", "release", "wait", "begin", "end", "finish"]), max_size=12))
def test_no_later_event_removes_a_step_or_an_epoch(happenings: list[str]) -> None:
    story = Story().opened()
    for number, happening in enumerate(happenings):
        before = story.deployment
        match happening:
            case "hold":
                story.tell(kinds.ENVIRONMENT_HELD, "prod")
            case "lease":
                story.leased(epoch=before.epoch + 1)
            case "release":
                story.tell(kinds.LEASE_RELEASED, "d1")
            case "wait":
                story.tell(kinds.DEPLOYMENT_WAITING, "d1", {"reasons": ["r"]})
            case "begin":
                story.begun(Step.PLAN, f"a{number}")
            case "end":
                story.ended(f"a{number - 1}", "succeeded")
            case _:
                story.finished("failed")
        after = story.deployment
        assert [r.attempt for r in after.steps][: len(before.steps)] == [r.attempt for r in before.steps]
        assert after.epoch >= before.epoch
        assert before.open or not after.open, "an end is for good"
