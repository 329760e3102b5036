"""Outcomes in the ledger count only where a process wrote them that holds its key."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from inspect import Parameter, signature
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.ledgers import MemoryLedger
from terrace.adapters.ledgers.dismissals import DatedLedger
from terrace.adapters.ledgers.git import GitLedger
from terrace.adapters.ledgers.sqlite import SqliteLedger
from terrace.errors import BadInput, NotReady
from terrace.ledger import folds, kinds
from terrace.ledger.authenticity import NO_KEY, EventKey, LedgerKey, demands_code
from terrace.ledger.chain import decode, decode_all, encode, seal, seal_all, verify
from terrace.ledger.dates import DatesDismissal
from terrace.ledger.dismissals import Dismissal, DismissalOfSeveral
from terrace.ledger.event import Event
from terrace.ledger.events import codec
from terrace.ledger.events.deployments import DeploymentEnded
from terrace.ledger.events.people import EnvironmentUnheld
from terrace.ledger.events.record import Record
from terrace.ledger.model import Draft, History
from terrace.ledger.reading import read
from terrace.pipelines.journal import append
from terrace.pipelines.ledger.dismissals import dismiss
from terrace.pipelines.ledger.rekey import propose, rekey
from terrace.report.json.ledger import unverified_event
from terrace.report.terminal.ledger import unverified_event_lines

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
KEY, OTHER = EventKey.of(b"k" * 32), EventKey.of(b"o" * 32)
COMMIT = "c" * 40
OPENED = {
    "environment": "prod",
    "commit": COMMIT,
    "origin": {"kind": "manual", "by": "ann"},
    "waves": [["prod"]],
    "policy": "p",
}
PLAN = {"step": "plan", "stack": "prod", "attempt": "a1", "detail": {}}
PLANNED = {
    "attempt": "a1",
    "result": "succeeded",
    "detail": {"digest": "d", "empty": False, "lineage": "", "serial": -1},
}
APPLY = {"step": "apply", "stack": "prod", "attempt": "a2", "detail": {}}
STARTED: list[tuple[str, Mapping[str, Any]]] = [
    (kinds.DEPLOYMENT_OPENED, OPENED),
    (kinds.STEP_BEGUN, PLAN),
    (kinds.STEP_ENDED, PLANNED),
    (kinds.STEP_BEGUN, APPLY),
]
FORGED: list[tuple[str, str, Mapping[str, Any]]] = [
    (kinds.STEP_ENDED, "d1", {"attempt": "a2", "result": "failed", "detail": {"evidence": "not started"}}),
    (kinds.STEP_ENDED, "d1", {"attempt": "a2", "result": "succeeded"}),
    (kinds.STEP_ENDED, "d1", {"attempt": "a2", "result": "unknown"}),
    (kinds.STEP_LISTED, "d1", {"attempt": "a2", "list": "echoes", "part": 0, "entries": []}),
    (kinds.STEP_BEGUN, "d1", {"step": "snapshot", "stack": "prod", "attempt": "a3", "detail": {}}),
    (kinds.STEP_BEGUN, "d1", {"step": "apply", "stack": "prod", "attempt": "a4", "detail": {}}),
    (kinds.DEPLOYMENT_ENDED, "d1", {"result": "succeeded"}),
    (kinds.DEPLOYMENT_ENDED, "d1", {"result": "failed"}),
    (kinds.DEPLOYMENT_ENDED, "d1", {"result": "unknown"}),
    (kinds.DEPLOYMENT_ENDED, "d1", {"result": "superseded"}),
    (kinds.DEPLOYMENT_WAITING, "d1", {"reasons": []}),
    (kinds.LEASE_TAKEN, "d1", {"holder": {"host": "h", "boot": "b", "pid": 1, "who": "w"}, "epoch": 9}),
    (kinds.LEASE_RELEASED, "d1", {}),
    (kinds.STEP_BEGUN, "d1", {"step": "plan", "stack": "prod", "attempt": "a5", "detail": {}}),
    (kinds.DEPLOYMENT_OPENED, "d2", OPENED),
    (kinds.RECOVERY_ATTESTED, "d1", {"reason": "gone"}),
    (kinds.RECOVERY_SETTLED, "d1", {"stack": "prod", "attempt": "a2", "reason": "looked"}),
    (kinds.RECOVERY_BEGUN, "d1", {"stacks": [{"stack": "prod", "attempt": "a2", "serial": 1}]}),
    (kinds.ENVIRONMENT_UNHELD, "prod", {"deployment": "d1"}),
    (
        kinds.STATE_RESTORE_ENDED,
        "prod",
        {"environment": "prod", "restore": "r1", "result": "restored", "reason": "", "differences": []},
    ),
]


def golden() -> tuple[Event, ...]:
    return decode_all((Path(__file__).parent / "golden" / "written.jsonl").read_bytes().splitlines())


def ledger(key: LedgerKey, events: tuple[Event, ...] = ()) -> MemoryLedger:
    ids, minutes = count(1000 * len(events)), count(len(events))
    made = MemoryLedger(clock=lambda: NOON + timedelta(minutes=next(minutes)), new_id=lambda: f"e{next(ids)}", key=key)
    made.events = events
    return made


def started(key: LedgerKey = KEY) -> MemoryLedger:
    """A ledger whose deployment d1 has an apply that has no end."""
    made = ledger(key)
    made.append([Draft(kind, "d1", "ann", payload) for kind, payload in STARTED], head=made.read().head)
    return made


def without_key(made: MemoryLedger, *said: tuple[str, str, Mapping[str, Any]]) -> History:
    """What a reader with the key sees once a program without it wrote events."""
    strange = ledger(NO_KEY, made.events)
    strange.append(
        [Draft(kind, subject, "mallory", payload) for kind, subject, payload in said], head=strange.read().head
    )
    made.events = strange.events
    return made.read()


@pytest.mark.parametrize("forged", FORGED, ids=lambda said: f"{said[0]}-{said[2].get('result', '')}")
def test_an_outcome_without_the_code_of_a_process_has_no_effect_and_holds_the_environment(
    forged: tuple[str, str, Mapping[str, Any]],
) -> None:
    made = started()
    before = folds.deployments(made.read())
    history = without_key(made, forged)
    assert folds.deployments(history) == before
    (fault,) = history.reading.faults
    assert (fault.is_forged, fault.environment) == (True, "prod")
    assert "without the key" in fault.reason


def test_the_true_end_of_an_apply_is_read_after_a_forged_one() -> None:
    made = started()
    without_key(made, FORGED[0])
    made.append([Draft(kinds.STEP_ENDED, "d1", "ann", FORGED[1][2])], head=made.read().head)
    (deployment,) = folds.deployments(made.read())
    assert [step.result for step in deployment.steps] == ["succeeded", "succeeded"]


def test_an_authentication_code_is_valid_only_at_its_own_position() -> None:
    made = started()
    made.append([Draft(kinds.STEP_ENDED, "d1", "ann", FORGED[1][2])], head=made.read().head)
    end = made.events[-1]
    cut = made.events[:-1]
    between = seal(
        Draft("environment.held", "prod", "ann", {}), position=4, previous=cut[-1].hash, id="x", time=NOON, key=NO_KEY
    )
    again = seal(
        Draft(end.kind, end.subject, end.actor, end.payload),
        position=5,
        previous=between.hash,
        id=end.id,
        time=end.time,
        key=NO_KEY,
    )
    moved = (*cut, between, replace(again, code=end.code))
    assert verify(moved).ok
    (fault,) = History(moved, key=KEY).reading.faults
    assert "not that of its content and place" in fault.reason


def test_an_authentication_code_of_another_key_is_invalid() -> None:
    made = started()
    strange = ledger(OTHER, made.events)
    strange.append([Draft(kinds.DEPLOYMENT_ENDED, "d1", "m", {"result": "succeeded"})], head=made.events[-1].hash)
    (fault,) = History(strange.events, key=KEY).reading.faults
    assert fault.reason == f"code: it names the key '{OTHER.id}', and the key of this process is {KEY.id}"


def test_an_event_that_lost_its_code_is_forged() -> None:
    made = started()
    bare = (*made.events[:-1], replace(made.events[-1], code=""))
    assert [f.is_forged for f in History(bare, key=KEY).reading.faults] == [True]


def test_a_reader_without_the_key_accepts_events_without_checking_codes() -> None:
    made = started()
    history = History(without_key(made, FORGED[1]).events, key=NO_KEY)
    assert history.reading.faults == ()
    assert folds.deployments(history)[0].steps[-1].result == "succeeded"


def test_what_a_signer_dismissed_is_absent_for_a_reader_without_the_key_too() -> None:
    """Else the job that hears comments takes a forged deployment for what waits, and refuses a no to the true one."""
    made = started()
    before = folds.latest(made.read(), "prod")
    assert before is not None
    position = without_key(made, (kinds.DEPLOYMENT_OPENED, "d2", OPENED)).events[-1].position
    dismiss(made, position, "ann", "nobody of us", lambda text: "s", lambda one: True)
    keys: tuple[LedgerKey, ...] = (NO_KEY, OTHER)
    for key in keys:
        blind = ledger(key, made.events)
        seen = DatedLedger(blind, lambda one: False, lambda one: one.actor == "ann").read()
        assert folds.latest(seen, "prod") == before
        assert folds.latest(seen.before(len(seen.events) - 1), "prod") == before
        doubted = DatedLedger(blind, lambda one: True, nobody).read()
        assert [one.id for one in folds.deployments(doubted)] == ["d1", "d2"], (
            "a dismissal of a stranger counts for nothing"
        )
    assert DatedLedger(made, nobody, lambda one: True).read().absent == frozenset(), (
        "a reader with the key checks itself"
    )


def test_a_process_without_the_key_writes_no_outcome_that_would_not_count() -> None:
    made = started()
    outsider = ledger(NO_KEY, made.events)
    seen = outsider.read()
    for kind, subject, payload in FORGED:
        draft = Draft(kind, subject, "ann", payload)
        with pytest.raises(NotReady, match="is only valid with the ledger key"):
            append(outsider, seen, lambda history, one=draft: (one,))  # type: ignore[misc]
    blocked = Draft(kinds.DEPLOYMENT_ENDED, "d1", "ann", {"result": "blocked"})
    assert len(append(outsider, seen, lambda history: (blocked,)).events) == 5


def test_events_of_people_need_no_authentication_code() -> None:
    history = without_key(
        started(),
        (kinds.ENVIRONMENT_HELD, "prod", {}),
        (kinds.ENVIRONMENT_UNHELD, "prod", {}),
        (kinds.COMMAND_TAKEN, "7", {"command": "reject"}),
        (kinds.DEPLOYMENT_ENDED, "d1", {"result": "blocked"}),
    )
    assert history.reading.faults == ()


@pytest.mark.parametrize("kind", ["comment", "review", "box", "environment"])
@pytest.mark.parametrize("answer", ["approve", "reject"])
def test_an_approval_of_a_run_needs_an_authentication_code(kind: str, answer: str) -> None:
    said = {
        "actor": "bob",
        "role": "",
        "answer": answer,
        "subjects": [],
        "at": NOON.isoformat(),
        "statement": "s",
        "witness": {"kind": kind, "id": "76", "number": "76", "login": "bob"},
    }
    history = without_key(started(), (kinds.APPROVAL_GIVEN, "d1", said))
    forged = kind == "environment" and answer == "approve"
    assert [fault.is_forged for fault in history.reading.faults] == [True] * forged
    assert len(folds.answers(history)) == (0 if forged else 1)


def test_every_kind_of_a_process_demands_a_code() -> None:
    free = {"approval", "rejection", "command", "event", "dates", "drift", "audit"}
    unproven = {kind for kind in codec.RECORDS if kind.partition(".")[0] in free}
    unproven |= {kinds.LEDGER_OPENED, kinds.ENVIRONMENT_HELD}
    for event in golden():
        assert isinstance(event.record, Record)
        word = isinstance(event.record, EnvironmentUnheld) and not event.record.deployment
        blocked = isinstance(event.record, DeploymentEnded) and event.record.result == "blocked"
        assert demands_code(event.record) == (event.kind not in unproven and not word and not blocked), event.kind


def test_the_code_is_kept_and_is_no_part_of_the_hash() -> None:
    made = started()
    event = made.events[0]
    assert decode(encode(event)) == event
    assert event.code.startswith(f"{KEY.id}:")
    assert decode(encode(replace(event, code=""))).hash == event.hash
    assert "k" * 32 not in repr(KEY)


def sealed_by(made: MemoryLedger, key: EventKey) -> MemoryLedger:
    return ledger(key, made.events)


def nobody(dismissal: Dismissal | DismissalOfSeveral | DatesDismissal) -> bool:
    return False


def test_after_a_change_of_the_key_the_events_of_before_count_as_they_did() -> None:
    made = started()
    without_key(made, FORGED[1])
    later = sealed_by(made, OTHER)
    assert later.read().reading.foreign == KEY.id, "nothing is checked, and crews that apply refuse that"
    change = propose(later.read(), KEY, nobody)
    assert (change.before, change.absent, change.unchecked) == (KEY.id, (4,), {})
    history = rekey(later, later.read(), change, "retired", "ann")
    assert history.reading.foreign == ""
    assert [fault.reason for fault in history.reading.faults] == ["code: it was not authentic when the key was changed"]
    assert folds.deployments(history)[0].steps[-1].open, "what was forged is not legal now"
    later.append([Draft(kinds.STEP_ENDED, "d1", "ann", FORGED[1][2])], head=history.head)
    assert folds.deployments(later.read())[0].steps[-1].result == "succeeded"
    (stale,) = made_of(later, KEY).reading.faults[1:2]
    assert stale.is_forged, "who holds the old key only sees that it is old"


def made_of(made: MemoryLedger, key: EventKey) -> History:
    return History(made.events, key=key)


def test_a_ledger_of_an_earlier_terrace_is_taken_over_by_a_person() -> None:
    made = sealed_by(started(NO_KEY), KEY)
    assert len(made.read().reading.faults) == 1
    change = propose(made.read(), None, nobody)
    assert change.unchecked == {kinds.DEPLOYMENT_OPENED: 1, kinds.STEP_BEGUN: 2, kinds.STEP_ENDED: 1}, (
        "what follows the opening counts with it, so that it is told too"
    )
    assert change.doubtful == ()
    history = rekey(made, made.read(), change, "Terrace is newer", "ann")
    assert history.reading.faults == ()
    with pytest.raises(BadInput, match="nothing to change"):
        propose(history, None, nobody)


def test_a_dismissed_event_stays_dismissed_after_a_change_of_the_key() -> None:
    made = started()
    position = without_key(made, FORGED[1]).events[-1].position
    dismiss(made, position, "ann", "nobody of us", lambda text: "s", lambda one: True)
    change = propose(made.read(), None, lambda one: True)
    assert change.absent == (position,)


def test_a_dismissed_event_stays_dismissed_where_the_old_key_is_lost() -> None:
    made = started()
    position = without_key(made, FORGED[1]).events[-1].position
    dismiss(made, position, "ann", "nobody of us", lambda text: "s", lambda one: True)
    without_key(made, FORGED[0])
    later = sealed_by(made, OTHER)
    assert later.read().reading.foreign, "this reader cannot tell what is forged"
    assert propose(later.read(), None, nobody).absent == (), "a dismissal that does not count takes nothing away"
    change = propose(later.read(), None, lambda one: True)
    assert change.absent == (position,)
    assert change.unchecked[kinds.STEP_ENDED] == 2, "the person is told of the one that was not dismissed"
    history = rekey(later, later.read(), change, "lost", "ann")
    assert [step.result for step in folds.deployments(history)[0].steps] == ["succeeded", "failed"]


def test_events_listed_by_one_change_of_the_key_stay_without_effect_after_the_next() -> None:
    made = started()
    without_key(made, FORGED[1])
    second = sealed_by(made, OTHER)
    rekey(second, second.read(), propose(second.read(), KEY, nobody), "retired", "ann")
    third = sealed_by(second, EventKey.of(b"3" * 32))
    without_key(third, (kinds.LEDGER_REKEYED, "ledger", {"reason": "mine", "absent": [3]}))
    change = propose(third.read(), None, nobody)
    assert change.absent == (4,), "a list that carries no code takes no true event away"
    history = rekey(third, third.read(), change, "lost", "ann")
    assert folds.deployments(history)[0].steps[-1].open


def test_events_that_were_written_past_the_key_are_told_before_a_change_of_the_key_lets_them_count() -> None:
    earlier = sealed_by(started(NO_KEY), KEY)
    earlier.append([Draft(kinds.ENVIRONMENT_HELD, "prod", "ann", {})], head=earlier.read().head)
    assert propose(earlier.read(), None, nobody).doubtful == (), "an earlier version wrote before there was a key"
    made = started()
    positions = [without_key(made, forged).events[-1].position for forged in FORGED[:2]]
    change = propose(made.read(), None, nobody)
    assert list(change.doubtful) == positions
    dismiss(made, positions[0], "ann", "nobody of us", lambda text: "s", lambda one: True)
    assert list(propose(made.read(), None, lambda one: True).doubtful) == positions[1:]


def test_each_event_that_a_change_of_the_key_would_let_count_is_named_with_what_it_says_and_by_whom() -> None:
    made = started()
    without_key(made, FORGED[1], (kinds.DEPLOYMENT_OPENED, "d2", {**OPENED, "environment": "dev", "waves": [["dev"]]}))
    without_key(made, (kinds.STEP_BEGUN, "d2", {"step": "apply", "stack": "dev", "attempt": "b1"}))
    told = [
        (one.event.position, one.event.actor, one.says, one.environment, one.deployment, one.stack, one.code)
        for one in propose(made.read(), None, nobody).unproven
    ]
    assert told == [
        (4, "mallory", "apply ended: succeeded", "prod", "d1", "prod", "none"),
        (5, "mallory", f"a deployment of {COMMIT[:7]} is opened", "dev", "d2", "", "none"),
        (6, "mallory", "apply begins", "dev", "d2", "dev", "none"),
    ], "what follows a forged opening counts with it"


def test_events_that_look_forged_are_told_apart_by_a_reader_who_lost_the_key_too() -> None:
    made = started()
    positions = [without_key(made, forged).events[-1].position for forged in FORGED[:2]]
    without_key(made, (kinds.LEDGER_REKEYED, "ledger", {"reason": "mine"}))
    later = sealed_by(made, OTHER)
    change = propose(later.read(), None, nobody)
    assert list(change.doubtful) == [*positions, 6]
    assert {one.event.position: one.code for one in change.unproven} == {
        **dict.fromkeys(range(4), "unchecked"),
        **dict.fromkeys(range(4, 7), "none"),
    }
    *_, last = made.events
    made.events = (*made.events[:-1], replace(last, code=f"{KEY.id}:{'0' * 64}"))
    wrong = propose(made.read(), None, nobody).unproven
    assert [(one.code, one.doubtful) for one in wrong] == [("none", True), ("none", True), ("wrong", True)]


def test_events_listed_as_absent_stay_absent_after_a_change_to_the_same_key() -> None:
    made = started()
    without_key(made, FORGED[1])
    second = sealed_by(made, OTHER)
    rekey(second, second.read(), propose(second.read(), KEY, nobody), "retired", "ann")
    again = propose(second.read(), None, nobody)
    assert (again.absent, again.unproven) == ((4,), ())


def test_the_list_before_a_change_of_the_key_is_short_for_people_and_whole_for_machines() -> None:
    made = started()
    named = [
        (kinds.LEASE_TAKEN, "d1", {"holder": {"host": "h", "boot": "b", "pid": 1, "who": "w"}, "epoch": n})
        for n in range(1, 121)
    ]
    without_key(made, *named)
    events = propose(made.read(), None, nobody).unproven
    lines = list(unverified_event_lines(events))
    assert lines[0] == "written without the key while the key was in use, as forged events are:"
    first = "  4 lease.taken: lease taken (prod, deployment d1), 2026-01-05 12:04:00 UTC by mallory"
    assert lines[1] == f"{first}; no authentication code"
    assert "and 20 more" in lines[-2]
    assert lines[-1].endswith("terrace ledger dismiss 4-123 --reason WHY")
    assert [unverified_event(one).position for one in events] == list(range(4, 124))


@pytest.mark.parametrize("made", [History, MemoryLedger, GitLedger, SqliteLedger, seal_all, seal, read])
def test_whether_a_reader_or_writer_has_the_key_is_always_said(made: Callable[..., object]) -> None:
    key = signature(made).parameters["key"]
    assert (key.kind, key.default) == (Parameter.KEYWORD_ONLY, Parameter.empty)


def test_a_process_without_a_key_writes_and_checks_no_authentication_codes() -> None:
    made = started(NO_KEY)
    assert {event.code for event in made.events} == {""}
    assert made.read().reading.faults == ()
    assert len(made_of(made, KEY).reading.faults) == 1


def test_a_change_of_the_key_by_a_ledger_writer_holds_everything() -> None:
    history = without_key(started(), (kinds.LEDGER_REKEYED, "ledger", {"reason": "mine"}))
    (fault,) = history.reading.faults
    assert fault.holds("prod") and fault.holds("dev")


def test_a_change_of_the_key_is_refused_after_events_that_were_not_shown() -> None:
    made = sealed_by(started(NO_KEY), KEY)
    seen = made.read()
    change = propose(seen, None, nobody)
    without_key(made, FORGED[1])
    with pytest.raises(BadInput, match="in the meantime"):
        rekey(made, seen, change, "why", "ann")
    with pytest.raises(BadInput, match="authenticates no event"):
        propose(made.read(), OTHER, nobody)


@given(st.lists(st.sampled_from(FORGED), max_size=6), st.data())
def test_no_events_without_a_code_change_what_is_known(said: list[Any], data: st.DataObject) -> None:
    codes: Callable[[Event], str] = lambda event: data.draw(  # noqa: E731
        st.sampled_from(["", OTHER.code(event.hash), KEY.id, f"{KEY.id}:", f"{KEY.id}:{'0' * 64}", ":"])
    )
    made = started()
    before = folds.deployments(made.read())
    events = without_key(made, *said).events
    history = History((*events[:4], *(replace(event, code=codes(event)) for event in events[4:])), key=KEY)
    assert folds.deployments(history) == before
    assert len(history.reading.faults) == len(said)
