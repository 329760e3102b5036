"""Events that cannot be read hold the environment that they speak of until a person who counts dismisses them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from support.ledgers import MemoryLedger
from support.requests import at_entry, before_apply
from terrace.config.model import Config, Environment
from terrace.errors import BadInput
from terrace.gates.facts import Facts
from terrace.gates.model import Outcome
from terrace.ledger import folds, kinds
from terrace.ledger.authenticity import NO_KEY
from terrace.ledger.chain import seal_all, strange_times, verify
from terrace.ledger.dismissals import Dismissal, DismissalOfSeveral, describe_faults, dismissals_of_several, find_unread
from terrace.ledger.model import GENESIS, Draft, History
from terrace.ledger.positions import Span, read_spans, words_of
from terrace.pipelines.ledger.dismissals import dismiss, dismiss_several, unread_among
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
    made = MemoryLedger(clock=lambda: NOON, new_id=lambda: f"e{next(ids)}", key=NO_KEY)
    made.append([Draft(kind, subject, "mallory", payload) for kind, subject, payload in (FIRST, *told)], head=GENESIS)
    return made


def nobody(said: Dismissal | DismissalOfSeveral) -> bool:
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
        (("deployment.painted", "d9", {"environment": "dev"}), "dev"),
        (("environment.painted", "dev", {}), "dev"),
        (("state.painted", "dev/app", {"environment": "dev"}), "dev"),
        (("freeze.begun", "prod", {}), "prod"),
        (("freeze.begun", "f1", {"stack": "dev/app"}), "dev"),
        (("freeze.begun", "dev/app", {}), "dev"),
        (("freeze.begun", "dev/app", {"environment": "prod"}), ""),
        (("freeze.begun", "ledger", {"environment": "../x"}), ""),
        (("freeze.begun", "platform", {"environment": ["dev"]}), ""),
        ((kinds.EVENT_DISMISSED, "ledger", {"position": 0}), ""),
    ],
)
def test_an_event_that_cannot_be_read_holds_the_environment_that_it_speaks_of(
    event: tuple[str, str, Mapping[str, Any]], environment: str
) -> None:
    (fault,) = find_unread(ledger(D1, BEGUN, event).read(), nobody)
    assert fault.environment == environment
    assert fault.holds("prod") == (environment in ("", "prod"))
    assert f"event {fault.event.position} of the ledger cannot be read" in describe_faults((fault,))


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


def test_what_follows_an_opening_of_a_kind_that_is_not_known_holds_its_environment_only() -> None:
    later = ("deployment.prepared", "d2", {"environment": "dev", "commit": "d" * 40})
    seen = ledger(D1, BEGUN, later, (kinds.STEP_BEGUN, "d2", {"step": "apply", "stack": "dev", "attempt": "b1"})).read()
    assert [(f.event.position, f.environment) for f in find_unread(seen, nobody)] == [(3, "dev")]
    assert [one.id for one in folds.deployments(seen)] == ["d1"]


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
    blocked = at_entry(environment, facts, NOON)
    assert [(r.gate, r.satisfy) for r in blocked.results if r.outcome is Outcome.BLOCK] == [("held", "look")]
    waits = before_apply(Config((environment,)), environment, (), (), facts, NOON)
    assert [(r.gate, r.reason) for r in waits.open] == [("held", "prod is on hold: event 7 cannot be read")]


def test_a_signer_of_the_trust_root_dismisses_an_unreadable_event() -> None:
    bad = ledger(D1, (kinds.STEP_BEGUN, "d1", {"step": "apply", "attempt": "../x"}))
    gone = dismiss(bad, 2, "ann", "nobody knows it", lambda text: f"signed {len(text)}", lambda said: True)
    assert gone.event.position == 2
    history = bad.read()
    assert find_unread(history, lambda said: said.actor == "ann" and said.reason == "nobody knows it") == ()
    assert [f.event.position for f in find_unread(history, nobody)] == [2], "it is asked of the trust root each time"
    with pytest.raises(BadInput, match="event 2 of the ledger has nothing to dismiss"):
        dismiss(bad, 2, "ann", "again", lambda text: None, lambda said: True)
    with pytest.raises(BadInput, match="event 1 of the ledger has nothing to dismiss"):
        dismiss(bad, 1, "ann", "it is in my way", lambda text: None, lambda said: True)


def test_a_dismissal_without_a_signer_or_a_reason_is_not_written() -> None:
    bad = ledger((kinds.DEPLOYMENT_OPENED, "d1", {}))
    with pytest.raises(BadInput, match="not a signer"):
        dismiss(bad, 1, "mallory", "fine", lambda text: "forged", nobody)
    with pytest.raises(BadInput, match="no reason was given"):
        dismiss(bad, 1, "ann", " ", lambda text: "s", lambda said: True)
    assert len(bad.read().events) == 2


def test_a_dismissal_is_for_that_very_event_of_that_very_ledger() -> None:
    bad = ledger((kinds.DEPLOYMENT_OPENED, "d1", {}))
    event = bad.read().events[1]
    other = {"position": 1, "hash": "0" * 64, "reason": "r", "statement": "", "signature": None}
    bad.append([Draft(kinds.EVENT_DISMISSED, "ledger", "ann", other)], head=bad.read().head)
    assert len(find_unread(bad.read(), lambda said: True)) == 1
    one = Dismissal("l1", 1, event.hash, "r", "ann")
    texts = {one.text, Dismissal("l2", 1, event.hash, "r", "ann").text, Dismissal("l1", 2, event.hash, "r", "ann").text}
    assert len(texts) == 3


MANY = [(kinds.STEP_BEGUN, "d1", {"step": "apply", "attempt": "../x"})] * 3


def flooded() -> MemoryLedger:
    """Events 2 to 4 and 6 to 8 cannot be read; 5 can."""
    return ledger(D1, *MANY, BEGUN, *MANY)


def test_one_signed_event_names_every_event_of_a_flood_that_a_person_saw_and_no_other() -> None:
    bad = flooded()
    signed: list[bytes] = []

    def sign(text: bytes) -> str:
        signed.append(text)
        return "s"

    faults = unread_among(bad.read(), read_spans(["2-7"]), nobody)
    assert [one.event.position for one in faults] == [2, 3, 4, 6, 7]
    dismiss_several(bad, faults, "ann", "one token leaked", sign, lambda said: True)
    history = bad.read()
    assert len(history.events) == 10, "one event"
    assert [one.event.position for one in find_unread(history, lambda said: said.actor == "ann")] == [8]
    assert len(find_unread(history, nobody)) == 6, "it is asked of the trust root each time"
    (said,) = dismissals_of_several(history)
    assert (said.text, said.reason) == (signed[0], "one token leaked")
    assert folds.deployments(history)[0].steps[0].attempt == "a1", "what could be read counts as before"


@pytest.mark.parametrize("span", ["9", "0-9", "9007199254740992"])
def test_a_position_past_the_end_of_the_ledger_is_an_error(span: str) -> None:
    with pytest.raises(BadInput, match="its last one is 8"):
        unread_among(flooded().read(), read_spans([span]), nobody)


def test_a_range_in_which_everything_can_be_read_is_an_error() -> None:
    with pytest.raises(BadInput, match="none of the events 0-1 of the ledger is invalid"):
        unread_among(flooded().read(), read_spans(["0-1", "3"]), nobody)
    with pytest.raises(BadInput, match="event 5 of the ledger has nothing to dismiss"):
        unread_among(flooded().read(), read_spans(["3", "5"]), nobody)


@pytest.mark.parametrize(
    "word", ["", "-1", "1-", "x", "1--2", "1-2-3", "1,", "0x1", "1.5", "٣", "1 2", "9" * 17, "1\n"]
)
def test_what_is_no_position_and_no_range_is_an_error(word: str) -> None:
    with pytest.raises(BadInput, match="neither a position"):
        read_spans([word])


def test_a_range_that_ends_before_it_begins_is_an_error_that_says_how_it_is_meant() -> None:
    with pytest.raises(BadInput, match="ends before it begins") as caught:
        read_spans(["3", "57-43"])
    assert caught.value.hint == "did you mean 43-57?"


def test_positions_are_read_as_people_write_them_and_told_as_they_are_read() -> None:
    assert read_spans(["7", "1-3,9", "2-4", "8"]) == (Span(1, 4), Span(7, 9))
    assert words_of([1, 2, 3, 7, 9, 10]) == "1-3 7 9-10"
    assert words_of(range(0, 40, 2)) == "0-38", "a range takes only what cannot be read of it"
    assert read_spans(["0-9007199254740991"]) == (Span(0, 9007199254740991),)


def test_a_dismissal_of_several_that_was_not_signed_so_or_that_came_too_late_is_not_written() -> None:
    bad = flooded()
    faults = unread_among(bad.read(), read_spans(["2-4"]), nobody)
    with pytest.raises(BadInput, match="not a signer"):
        dismiss_several(bad, faults, "mallory", "fine", lambda text: "forged", nobody)
    with pytest.raises(BadInput, match="no reason was given"):
        dismiss_several(bad, faults, "ann", " ", lambda text: "s", lambda said: True)
    dismiss(bad, 3, "ann", "looked", lambda text: "s", lambda said: True)
    with pytest.raises(BadInput, match="event 3 of the ledger has nothing to dismiss"):
        dismiss_several(bad, faults, "ann", "looked", lambda text: "s", lambda said: True)
    assert len(bad.read().events) == 10


@pytest.mark.parametrize(
    "more",
    [
        {"hash": "0" * 64},
        {"spans": [[2, 3]]},
        {"spans": [[2, 5]], "hash": "5"},
        {"spans": [[2, 40]]},
        {"spans": [[4, 4], [2, 3]]},
        {"spans": [[4, 2]]},
        {"spans": [[2, 3], [3, 4]]},
        {"spans": []},
    ],
)
def test_a_dismissal_of_several_is_for_those_very_events_of_that_ledger(more: dict[str, Any]) -> None:
    bad = flooded()
    events = bad.read().events
    said = {"spans": [[2, 4]], "hash": events[4].hash, "reason": "r", "statement": "", "signature": None, **more}
    bad.append([Draft(kinds.EVENTS_DISMISSED, "ledger", "ann", said)], head=bad.read().head)
    gone = {2, 3, 4} - {one.event.position for one in find_unread(bad.read(), lambda said: True)}
    assert gone == set()
    one = DismissalOfSeveral("l1", (Span(2, 4),), "h", "r", "ann")
    texts = {one.text, replace(one, spans=(Span(2, 2), Span(4, 4))).text, replace(one, ledger="l2").text}
    assert len(texts) == 3
    assert Dismissal("l1", 2, "h", "r", "ann").text not in texts


def test_the_time_of_the_ledger_never_decreases() -> None:
    first = seal_all([Draft(*D1[:2], "ann", D1[2])], events=0, head=GENESIS, ids=["e0"], time=NOON, key=NO_KEY)
    back = {"events": 1, "head": first[-1].hash, "ids": ["e1"], "time": NOON - timedelta(days=1)}
    little = {**back, "time": NOON - timedelta(minutes=5)}
    (bounded,) = seal_all([Draft(*ENDED[:2], "ann", ENDED[2])], latest=first[-1].time, **little, key=NO_KEY)  # type: ignore[arg-type]
    assert bounded.time == NOON
    (backdated,) = seal_all([Draft(*ENDED[:2], "ann", ENDED[2])], **back, key=NO_KEY)  # type: ignore[arg-type]
    history = History((*first, backdated), key=NO_KEY)
    assert verify(history.events).ok
    (deployment,) = folds.deployments(history)
    assert deployment.ended_at == NOON, "what soaks does so from the latest time that was seen"
    assert [position for position, _ in strange_times(history.events, NOON)] == [1]
    assert [position for position, _ in strange_times(first, NOON - timedelta(hours=1))] == [0]
