"""Events that cannot be read hold the environment that they speak of until a person who counts dismisses them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from support.ledgers import MemoryLedger
from terrace.errors import BadInput
from terrace.gates.decide import Facts, admission, consent
from terrace.gates.model import Outcome
from terrace.ledger import folds, kinds
from terrace.ledger.chain import seal_all, strange_times, verify
from terrace.ledger.dismissals import Dismissal, told, unread
from terrace.ledger.model import GENESIS, Draft, History
from terrace.pipelines.dismissing import dismiss
from terrace.stacks.config import Config, Environment
from terrace.stacks.model import AutomaticRollback, Destruction, Manual, Origin, Recovery

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
OPENED = {
    "environment": "prod",
    "commit": "c" * 40,
    "origin": {"kind": "manual", "by": "ann"},
    "waves": [["prod"]],
    "policy": "p",
}
FIRST = (kinds.LEDGER_OPENED, "ledger", {"version": 1})
D1 = (kinds.DEPLOYMENT_OPENED, "d1", OPENED)
BEGUN = (kinds.STEP_BEGUN, "d1", {"step": "apply", "stack": "prod", "attempt": "a1"})
ENDED = (kinds.DEPLOYMENT_ENDED, "d1", {"result": "failed"})


def ledger(*told: tuple[str, str, Mapping[str, Any]]) -> MemoryLedger:
    ids = iter(range(1, 1000))
    made = MemoryLedger(clock=lambda: NOON, new_id=lambda: f"e{next(ids)}")
    made.append([Draft(kind, subject, "mallory", payload) for kind, subject, payload in (FIRST, *told)], head=GENESIS)
    return made


def nobody(said: Dismissal) -> bool:
    return False


@pytest.mark.parametrize(
    ("event", "environment"),
    [
        ((kinds.DEPLOYMENT_OPENED, "d2", {**OPENED, "commit": "-x"}), "prod"),
        ((kinds.DEPLOYMENT_OPENED, "d2", {**OPENED, "environment": "../x"}), ""),
        ((kinds.DEPLOYMENT_OPENED, "d1", OPENED), "prod"),
        ((kinds.STEP_BEGUN, "d1", {"step": "apply", "attempt": "../../x"}), "prod"),
        ((kinds.STEP_ENDED, "d1", {"attempt": "a9", "result": "succeeded"}), "prod"),
        ((kinds.STEP_ENDED, "d1", {"attempt": "a1", "step": "plan", "result": "succeeded"}), "prod"),
        ((kinds.LEASE_RELEASED, "d9", {}), ""),
        ((kinds.ENVIRONMENT_HELD, "dev", {"reason": 1}), "dev"),
        ((kinds.STATE_DRILLED, "dev/app", {"environment": "dev"}), "dev"),
        ((kinds.STATE_BACKED_UP, "dev/app", {"environment": "prod", "finding": "none"}), "dev"),
        ((kinds.LEDGER_OPENED, "ledger", {"version": 1}), ""),
        (("deployment.painted", "d1", {}), "prod"),
        (("deployment.painted", "d9", {}), ""),
        ((kinds.EVENT_DISMISSED, "ledger", {"position": 0}), ""),
    ],
)
def test_an_event_that_cannot_be_read_holds_the_environment_that_it_speaks_of(
    event: tuple[str, str, Mapping[str, Any]], environment: str
) -> None:
    (fault,) = unread(ledger(D1, BEGUN, event).read(), nobody)
    assert fault.environment == environment
    assert fault.holds("prod") == (environment in ("", "prod"))
    assert f"event {fault.event.position} of the ledger cannot be read" in told((fault,))


def test_an_event_that_cannot_be_read_has_no_effect() -> None:
    again = (kinds.DEPLOYMENT_OPENED, "d1", {**OPENED, "commit": "d" * 40})
    after = (kinds.DEPLOYMENT_ENDED, "d1", {"result": "succeeded"})
    late = (kinds.STEP_ENDED, "d1", {"attempt": "a1", "result": "succeeded"})
    seen = ledger(D1, BEGUN, ENDED, again, after, late).read()
    (deployment,) = folds.deployments(seen)
    assert (deployment.commit, deployment.result) == ("c" * 40, "failed")
    assert [one.attempt for one in deployment.in_doubt] == ["a1"]
    assert [fault.event.position for fault in seen.reading.faults] == [4, 5, 6]


def test_what_follows_an_opening_that_cannot_be_read_is_as_absent_and_named_once() -> None:
    seen = ledger((kinds.DEPLOYMENT_OPENED, "d1", {**OPENED, "live": "-x"}), BEGUN, ENDED).read()
    assert folds.deployments(seen) == ()
    assert [fault.event.position for fault in seen.reading.faults] == [1]


ORIGINS: tuple[Origin, ...] = (
    Manual("ann"),
    AutomaticRollback("d1", "smoke"),
    Recovery("d1", "ann"),
    Destruction("ann", "moved"),
)


@pytest.mark.parametrize("origin", ORIGINS, ids=lambda o: type(o).__name__)
def test_nothing_enters_and_nothing_is_applied_past_an_event_that_cannot_be_read(origin: Origin) -> None:
    environment = Environment("prod")
    facts = Facts(
        "c" * 40, (), "ann", "main", True, None, None, None, origin, unread=("event 7 cannot be read", "look")
    )
    blocked = admission(environment, facts, NOON)
    assert [(r.gate, r.satisfy) for r in blocked.results if r.outcome is Outcome.BLOCK] == [("held", "look")]
    waits = consent(Config((environment,)), environment, (), (), facts, NOON)
    assert [(r.gate, r.reason) for r in waits.open] == [("held", "prod is held: event 7 cannot be read")]


def test_a_person_who_counts_lets_it_count_as_absent() -> None:
    bad = ledger(D1, (kinds.STEP_BEGUN, "d1", {"step": "apply", "attempt": "../x"}))
    gone = dismiss(bad, 2, "ann", "nobody knows it", lambda text: f"signed {len(text)}", lambda said: True)
    assert gone.event.position == 2
    history = bad.read()
    assert unread(history, lambda said: said.actor == "ann" and said.reason == "nobody knows it") == ()
    assert [f.event.position for f in unread(history, nobody)] == [2], "it is asked of the trust root each time"
    with pytest.raises(BadInput, match="event 2 of the ledger holds nothing"):
        dismiss(bad, 2, "ann", "again", lambda text: None, lambda said: True)
    with pytest.raises(BadInput, match="event 1 of the ledger holds nothing"):
        dismiss(bad, 1, "ann", "it is in my way", lambda text: None, lambda said: True)


def test_an_answer_that_would_not_count_is_not_written() -> None:
    bad = ledger((kinds.DEPLOYMENT_OPENED, "d1", {}))
    with pytest.raises(BadInput, match="not a signer"):
        dismiss(bad, 1, "mallory", "fine", lambda text: "forged", nobody)
    with pytest.raises(BadInput, match="nothing says"):
        dismiss(bad, 1, "ann", " ", lambda text: "s", lambda said: True)
    assert len(bad.read().events) == 2


def test_a_dismissal_is_for_that_very_event_of_that_very_ledger() -> None:
    bad = ledger((kinds.DEPLOYMENT_OPENED, "d1", {}))
    event = bad.read().events[1]
    other = {"position": 1, "hash": "0" * 64, "reason": "r", "statement": "", "signature": None}
    bad.append([Draft(kinds.EVENT_DISMISSED, "ledger", "ann", other)], head=bad.read().head)
    assert len(unread(bad.read(), lambda said: True)) == 1
    one = Dismissal("l1", 1, event.hash, "r", "ann")
    texts = {one.text, Dismissal("l2", 1, event.hash, "r", "ann").text, Dismissal("l1", 2, event.hash, "r", "ann").text}
    assert len(texts) == 3


def test_time_never_goes_back() -> None:
    first = seal_all([Draft(*D1[:2], "ann", D1[2])], events=0, head=GENESIS, ids=["e0"], time=NOON)
    back = {"events": 1, "head": first[-1].hash, "ids": ["e1"], "time": NOON - timedelta(days=1)}
    little = {**back, "time": NOON - timedelta(minutes=5)}
    (bounded,) = seal_all([Draft(*ENDED[:2], "ann", ENDED[2])], latest=first[-1].time, **little)  # type: ignore[arg-type]
    assert bounded.time == NOON
    (backdated,) = seal_all([Draft(*ENDED[:2], "ann", ENDED[2])], **back)  # type: ignore[arg-type]
    history = History((*first, backdated))
    assert verify(history.events).ok
    (deployment,) = folds.deployments(history)
    assert deployment.ended_at == NOON, "what soaks does so from the latest time that was seen"
    assert [position for position, _ in strange_times(history.events, NOON)] == [1]
    assert [position for position, _ in strange_times(first, NOON - timedelta(hours=1))] == [0]
