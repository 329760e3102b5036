"""A history that continues another one says the same as one that is read at once, and reads nothing twice."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import ClassVar, Self

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulation.aged import Counted, aged, counted, released
from terrace.adapters.ledgers.sqlite import SqliteLedger
from terrace.apps.wiring.ledger import folds_of_snapshots
from terrace.compliance import recorded_audits
from terrace.drift import acknowledgements
from terrace.drift import checks as checks
from terrace.errors import Conflict
from terrace.ledger import folds, holds, snapshot
from terrace.ledger.adoptions import adoptions, newest_adoptions
from terrace.ledger.authenticity import NO_KEY, EventKey, LedgerKey
from terrace.ledger.chain import decode_all, encode, seal_all
from terrace.ledger.dates import ahead
from terrace.ledger.declared import withdrawals
from terrace.ledger.event import Event
from terrace.ledger.events.codec import RECORDS
from terrace.ledger.model import GENESIS, Draft, History
from terrace.ledger.reading import Reading
from terrace.ledger.usual_durations import usual_durations
from terrace.ledger.view import Fold
from terrace.states import backup_status, restores

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
OURS, THEIRS = EventKey.of(b"ours"), EventKey.of(b"theirs")


class Passes(Fold[int]):
    """Counts how often it was given each event."""

    given: ClassVar[Counter[str]] = Counter()

    def __init__(self) -> None:
        self._number = 0

    def copy(self) -> Self:
        copied = type(self)()
        copied._number = self._number
        return copied

    def add(self, event: Event) -> None:
        Passes.given[event.id] += 1
        self._number += 1

    def result(self) -> int:
        return self._number


GOLDEN = Path(__file__).parent / "golden" / "written.jsonl"
DRAFTS = tuple(
    Draft(one.kind, one.subject, one.actor, one.payload) for one in decode_all(GOLDEN.read_bytes().splitlines())
)
ENVIRONMENTS = ("prod", "dev")
VIEWS: tuple[Callable[[History], object], ...] = (
    folds.deployments,
    folds.answers,
    lambda h: [folds.opening(h, one.id) for one in folds.deployments(h)],
    lambda h: [folds.approvals(h, one.id) for one in folds.deployments(h)],
    lambda h: [folds.settlements(h, one.id) for one in folds.deployments(h)],
    lambda h: [holds.hold(h, e) for e in ENVIRONMENTS],
    lambda h: [folds.find_unsettled(h, e, 1) for e in ENVIRONMENTS],
    lambda h: [folds.live_deployments(h, e) for e in ENVIRONMENTS],
    lambda h: [folds.releases(h, e) for e in ENVIRONMENTS],
    backup_status.backup_statuses,
    backup_status.recorded_hashes,
    backup_status.lineages,
    backup_status.good_backups,
    restores.restores,
    usual_durations,
    adoptions,
    lambda h: [newest_adoptions(h, e) for e in ENVIRONMENTS],
    lambda h: [list(recorded_audits.newest_first(h, e)) for e in ENVIRONMENTS],
    lambda h: [checks.checks(h, e) for e in ENVIRONMENTS],
    lambda h: [acknowledgements.acknowledgements(h, e) for e in ENVIRONMENTS],
    lambda h: [withdrawals(h, e) for e in ENVIRONMENTS],
    lambda h: ahead(h, NOW),
    lambda h: [list(h.of(*RECORDS.values()))],
    lambda h: list(folds.rejections(h)),
    lambda h: [list(one.steps) for one in folds.deployments(h)],
    lambda h: [(one.in_doubt, one.touched, one.stack_results) for one in folds.deployments(h)],
    lambda h: [
        (backup_status.stacks_of(h, e), backup_status.find_applying_deployments(h, e, NOW)) for e in ENVIRONMENTS
    ],
)


def sealed(drafts: Sequence[Draft], before: Sequence[Event], keys: Sequence[LedgerKey]) -> tuple[Event, ...]:
    """The events that drafts become after others. Clocks differ, so that some are dated before others."""
    events = list(before)
    for number, one in enumerate(drafts, len(events)):
        events += seal_all(
            [one],
            events=number,
            head=events[-1].hash if events else GENESIS,
            ids=[f"e{number}"],
            time=NOW + timedelta(minutes=number * 37 % 60 - 30),
            key=keys[number % len(keys)],
        )
    return tuple(events[len(before) :])


@st.composite
def chosen(draw: st.DrawFn) -> list[Draft]:
    """Drafts as they were written, some left out or written again, or all in a wrong order."""
    indexes = draw(st.lists(st.sampled_from(range(len(DRAFTS))), max_size=60))
    if draw(st.booleans()):
        indexes.sort()
    return [DRAFTS[index] for index in indexes]


KEYS: st.SearchStrategy[tuple[LedgerKey, ...]] = st.sampled_from(
    ((OURS,), (NO_KEY,), (THEIRS,), (THEIRS, OURS), (OURS, NO_KEY, THEIRS))
)
UNDATED = st.dictionaries(st.integers(0, 40), st.just(NOW + timedelta(hours=2)), max_size=4)


def said(history: History) -> tuple[Reading, list[object]]:
    """Everything that is made of a history."""
    return history.reading, [view(history) for view in VIEWS]


@given(
    chosen(),
    KEYS,
    st.lists(st.integers(0, 40), max_size=4),
    st.sampled_from((OURS, THEIRS, NO_KEY)),
    UNDATED,
    st.sampled_from((0, 1, 2)),
)
def test_a_continued_history_equals_the_complete_one(
    drafts: list[Draft],
    writers: tuple[LedgerKey, ...],
    cuts: list[int],
    key: LedgerKey,
    undated: dict[int, datetime],
    asks: int,
) -> None:
    events = sealed(drafts, (), writers)
    history = History((), undated, key=key)
    for cut in [*sorted(cuts), len(events)]:
        if asks == 1 or (asks == 2 and cut % 2):
            said(history)
        history = history.continue_with(events[len(history.events) : cut])
    assert said(history) == said(History(events, undated, key=key))
    for position in cuts:
        assert said(history.before(position)) == said(History(events[:position], undated, key=key))


@given(
    chosen(),
    KEYS,
    st.lists(st.tuples(st.integers(0, 60), st.booleans()), max_size=4),
    st.sampled_from((OURS, THEIRS, NO_KEY)),
    UNDATED,
)
def test_a_history_continued_from_a_snapshot_equals_the_complete_one(
    drafts: list[Draft],
    writers: tuple[LedgerKey, ...],
    cuts: list[tuple[int, bool]],
    key: LedgerKey,
    undated: dict[int, datetime],
) -> None:
    events = sealed(drafts, (), writers)
    lines = [encode(event) for event in events]
    history = History((), key=key)
    for cut, asks in [*sorted(cuts), (len(events), True)]:
        history = history.continue_with(events[len(history.events) : cut])
        if asks:
            said(history)
        taken = snapshot.encode(snapshot.take(history, folds_of_snapshots(), ""))
        recalled = snapshot.decode(taken, key)
        if recalled is not None:
            history = snapshot.resume(recalled, history, lambda first, last: lines[first:last])
    whole = History(events, key=key)
    assert said(history) == said(whole)
    assert history.events == events and history.head == whole.head
    assert said(replace(history, undated=undated)) == said(replace(whole, undated=undated))
    for position in {cut for cut, _ in cuts if cut <= len(events)}:
        assert said(history.before(position)) == said(History(events[:position], key=key))


def test_a_date_that_depends_on_the_next_event_is_updated_by_it() -> None:
    events = sealed([Draft("environment.held", "dev", "ann", {"reason": "x"})] * 3, (), (NO_KEY,))
    history = History(events[:2], {1: NOW - timedelta(hours=1)}, key=NO_KEY)
    early = said(history)
    whole = History(events, {1: NOW - timedelta(hours=1)}, key=NO_KEY)
    assert said(history.continue_with(events[2:])) == said(whole)
    assert whole.readable[1].time != history.readable[1].time, "it takes the date of the event after it"
    assert said(history) == early


def test_a_change_of_the_key_evaluates_earlier_events_again() -> None:
    drafts = [one for one in DRAFTS if one.subject == "000000000020"][:6]
    past = sealed([DRAFTS[0], *drafts], (), (OURS, NO_KEY))
    change = sealed([Draft("ledger.rekeyed", "ledger", "ann", {"reason": "x", "absent": [5]})], past, (THEIRS, OURS))
    history = History(past, key=OURS)
    assert said(history) == said(History(past, key=OURS))
    assert said(history.continue_with(change)) == said(History((*past, *change), key=OURS))
    before, after = history.reading.faults, history.continue_with(change).reading.faults
    assert [one.event.position for one in before] != [one.event.position for one in after], "the past counts otherwise"


@given(st.data())
def test_a_trial_on_a_history_does_not_change_it(data: st.DataObject) -> None:
    """A tried event is one that may follow: a lease, the end of a step, an answer. Then something else is written."""
    start = data.draw(st.integers(2, len(DRAFTS) - 1))
    past = sealed(DRAFTS[:start], (), (OURS,))
    tried = sealed(DRAFTS[start : start + data.draw(st.integers(1, 4))], past, (OURS,))
    real = sealed(DRAFTS[start + len(tried) :][: data.draw(st.integers(0, 12))], past, (OURS,))
    history = History(past, key=OURS)
    if data.draw(st.booleans()):
        said(history)
    said(history.continue_with(tried))
    assert said(history.continue_with(real)) == said(History((*past, *real), key=OURS))
    assert said(history) == said(History(past, key=OURS))


def test_an_event_is_folded_once_however_often_the_history_goes_on() -> None:
    Passes.given.clear()
    people = released()
    history = History(people.history.events[:3], key=NO_KEY)
    for position in range(4, len(people.history.events) + 1):
        history = history.with_events(people.history.events[:position])
        assert history.fold(Passes) == position
    assert set(Passes.given.values()) == {1}


def test_thousands_of_deployments_are_read_at_once_and_what_was_before_each_is_asked_of_few() -> None:
    opened = next(one for one in DRAFTS if one.kind == "deployment.opened")
    events = sealed([replace(opened, subject=f"d{number}") for number in range(1500)], (), (NO_KEY,))
    history = History(events, key=NO_KEY)
    Passes.given.clear()
    assert history.fold(Passes) == len(history.readable) == 1500
    for position in range(1499, 1400, -1):
        assert len(history.before(position).readable) == position
    assert set(Passes.given.values()) == {1}


def test_what_was_before_each_release_of_a_hold_is_asked_once() -> None:
    opened = next(one for one in DRAFTS if one.kind == "deployment.opened" and one.payload["environment"] == "prod")
    origin = {"kind": "rollback", "of": "d0", "reason": "x", "by": "ann"}
    drafts: list[Draft] = []
    for number in range(30):
        name = f"d{number}"
        drafts += [
            replace(opened, subject=name, payload={**opened.payload, "origin": origin, "settles": ""}),
            Draft("environment.held", "prod", "ann", {"reason": "x", "deployment": name}),
            Draft("deployment.ended", name, "ann", {"result": "succeeded", "reasons": []}),
            Draft("environment.unheld", "prod", "ann", {"reason": "x", "deployment": name}),
        ]
    events = counted(sealed(drafts, (), (NO_KEY,)))
    Counted.looks = 0
    history = History(events, key=NO_KEY)
    assert history.reading.faults == () and holds.hold(history, "prod") is None
    assert Counted.looks <= 40 * len(events), "not the whole past for every release"
    before = Counted.looks
    later = history.continue_with(sealed([Draft("environment.held", "dev", "ann", {"reason": "x"})], events, (NO_KEY,)))
    assert holds.hold(later, "prod") is None
    assert Counted.looks - before <= len(events), "and not again when the ledger goes on"


@pytest.mark.parametrize("command", ["deploy", "promote", "tick"])
def test_a_command_looks_at_an_old_event_as_often_in_a_long_ledger_as_in_a_short_one(command: str) -> None:
    """Two stacks are deployed, with about twenty appends: each fold goes over the old events at most twice."""
    looks = []
    for length in (200, 800):
        people = released()
        people.world.ledger.events = counted(aged(people.world.ledger.events, length))
        people.world.now += timedelta(hours=2)
        if command == "promote":
            people.merge("ann")
            people.deploy("dev", machine=0)
            people.world.now += timedelta(hours=1)
            Counted.looks = 0
            people.promote("staging", "eve", machine=0)
        else:
            Counted.looks = 0
            people.deploy("dev", machine=0) if command == "deploy" else people.tick(machine=0)
        assert "refused" not in people.story[-1], people.story
        looks.append(Counted.looks / length)
    short, long = looks
    assert long <= short * 1.2, "the cost of an event grows with the age of the ledger"
    assert long <= 2 * FOLDS, looks


FOLDS = 10
"""The reading, and the folds that a deployment asks for."""


def test_sqlite_keeps_events_that_it_read_and_adds_those_of_other_writers(tmp_path: Path) -> None:
    mine, theirs = (_sqlite(tmp_path, name) for name in ("mine", "theirs"))
    first = mine.append([Draft("ledger.opened", "ledger", "ann")], head=GENESIS)
    second = theirs.append([Draft("environment.held", "dev", "bob", {"reason": "x"})], head=theirs.read().head)
    with pytest.raises(Conflict):
        mine.append([Draft("environment.held", "dev", "ann", {"reason": "y"})], head=first.head)
    seen = mine.read()
    assert seen.events == second.events
    assert seen.events[0] is first.events[0], "what was read before is not read again"
    assert mine.read() is seen


def test_sqlite_detects_that_events_it_read_were_replaced(tmp_path: Path) -> None:
    ledger = _sqlite(tmp_path, "ours")
    known = ledger.append([Draft("ledger.opened", "ledger", "ann")], head=GENESIS)
    (tmp_path / "ledger.db").unlink()
    other = _sqlite(tmp_path, "other").append([Draft("ledger.opened", "ledger", "eve")], head=GENESIS)
    with pytest.raises(Conflict):
        ledger.append([Draft("environment.held", "dev", "ann", {"reason": "y"})], head=known.head)
    assert ledger.read().events == other.events


def test_sqlite_waits_for_no_reader_to_verify_a_long_ledger(tmp_path: Path) -> None:
    """What an append does while others wait is the same in a ledger of any length: it looks at one row."""
    ledger = _sqlite(tmp_path, "ours")
    history = ledger.append([Draft("ledger.opened", "ledger", "ann")], head=GENESIS)
    for number in range(5):
        drafts = [Draft("environment.held", "dev", "ann", {"reason": f"{number}"})] * 20
        history = ledger.append(drafts, head=history.head)
    with sqlite3.connect(tmp_path / "ledger.db") as connection:
        connection.execute("DROP TRIGGER events_stay_as_they_are")
        connection.execute("UPDATE events SET event = X'00' WHERE position = 3")
    assert (
        len(ledger.append([Draft("environment.held", "dev", "ann", {"reason": "z"})], head=history.head).events) == 102
    )


def _sqlite(place: Path, name: str) -> SqliteLedger:
    ids = iter(f"{name}{number}" for number in range(1000))
    return SqliteLedger(place / "ledger.db", clock=lambda: NOW, new_id=lambda: next(ids), key=NO_KEY)
