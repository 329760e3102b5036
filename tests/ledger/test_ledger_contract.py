"""One contract for every ledger: in memory, in SQLite, on a local Git branch, and on one that a remote has."""

from __future__ import annotations

import contextlib
import itertools
import os
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from simulation.process import QuickLedger
from support.git import repository, with_remote
from support.ledgers import MemoryLedger
from terrace.adapters.ledgers.git import GitLedger
from terrace.adapters.ledgers.sqlite import SqliteLedger
from terrace.errors import Conflict, Corrupt, NotReady
from terrace.ledger.authenticity import NO_KEY
from terrace.ledger.model import GENESIS, Draft, History, Ledger
from terrace.pipelines.journal import append

Reopen = Callable[[], Ledger]


def now() -> datetime:
    return datetime(2026, 1, 5, 12, tzinfo=UTC)


@pytest.fixture(params=["memory", "memory, unchecked", "sqlite", "git", "git with a remote"])
def reopen(request: pytest.FixtureRequest, tmp_path: Path) -> Reopen:
    """Opens the same ledger anew each time, as another process would."""
    numbers = itertools.count()

    def new_id() -> str:
        return f"e{next(numbers)}"

    match request.param:
        case "memory":
            memory = MemoryLedger(clock=now, new_id=new_id, key=NO_KEY)
            return lambda: memory
        case "memory, unchecked":
            quick = QuickLedger(clock=now, new_id=new_id, key=NO_KEY)
            return lambda: quick
        case "sqlite":
            return lambda: SqliteLedger(tmp_path / "deep" / "ledger.db", clock=now, new_id=new_id, key=NO_KEY)
        case "git":
            plain = repository(tmp_path / "plain")
            return lambda: GitLedger(plain, remote=None, clock=now, new_id=new_id, key=NO_KEY)
        case _:
            work = with_remote(tmp_path / "work")
            return lambda: GitLedger(work, remote="origin", clock=now, new_id=new_id, key=NO_KEY)


def draft(number: int) -> Draft:
    return Draft("step.begun", "d1", "Ann <ann@example.com>", {"number": number, "text": "ü\n\x00"})


def test_a_new_ledger_is_empty(reopen: Reopen) -> None:
    history = reopen().read()
    assert (history.events, history.head, history.ledger_id) == ((), GENESIS, "")


def test_events_are_kept_in_order_whoever_reads(reopen: Reopen) -> None:
    ledger = reopen()
    first = ledger.append([draft(0), draft(1)], head=GENESIS)
    second = ledger.append([draft(2)], head=first.head)
    assert [e.payload["number"] for e in second.events] == [0, 1, 2]
    assert [e.position for e in second.events] == [0, 1, 2]
    assert second.events[0].payload["text"] == "ü\n\x00"
    assert second.events[2].time == now()
    for reader in (ledger, reopen()):
        assert reader.read() == second
        assert reader.read_unchecked() == second.events


def test_an_append_on_an_older_head_writes_nothing(reopen: Reopen) -> None:
    one, other = reopen(), reopen()
    seen = one.append([draft(0)], head=GENESIS)
    other.read()
    after = other.append([draft(1)], head=seen.head)
    with pytest.raises(Conflict):
        one.append([draft(2)], head=seen.head)
    assert one.read() == after
    again = one.append([draft(2)], head=after.head)
    assert [e.payload["number"] for e in again.events] == [0, 1, 2]


def test_two_first_writers_cannot_both_be_first(reopen: Reopen) -> None:
    one, other = reopen(), reopen()
    one.read()
    other.read()
    one.append([draft(0)], head=GENESIS)
    with pytest.raises(Conflict):
        other.append([draft(1)], head=GENESIS)


def test_writing_nothing_changes_nothing(reopen: Reopen) -> None:
    ledger = reopen()
    assert ledger.append([], head=GENESIS).events == ()
    one = ledger.append([draft(0)], head=GENESIS)
    assert ledger.append([], head=one.head) == one
    assert reopen().read() == one


@pytest.mark.parametrize("actor", ["", ".", "'", "-x", "a\nb", "<>", "\x00", "\ud800"])
def test_an_actor_of_any_name_may_write_and_is_kept_as_given(reopen: Reopen, actor: str) -> None:
    reopen().append([Draft("step.begun", f"d{actor}", actor)], head=GENESIS)
    assert [event.actor for event in reopen().read().events] == [actor]


def test_a_ledger_grows_past_one_folder(reopen: Reopen) -> None:
    ledger = reopen()
    history = ledger.append([draft(n) for n in range(999)], head=GENESIS)
    for number in range(999, 1003):
        history = ledger.append([draft(number)], head=history.head)
    assert reopen().read() == history
    assert len(history.events) == 1003


def test_an_altered_sqlite_ledger_is_corrupt(tmp_path: Path) -> None:
    ledger = SqliteLedger(tmp_path / "ledger.db", clock=now, new_id=lambda: "e", key=NO_KEY)
    ledger.append([draft(0)], head=GENESIS)
    with sqlite3.connect(tmp_path / "ledger.db") as connection:
        for attempt in (
            "UPDATE events SET event = x'00'",
            "DELETE FROM events",
            "INSERT OR REPLACE INTO events VALUES (0, x'00')",
        ):
            with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                connection.execute(attempt)
        connection.execute("DROP TRIGGER events_stay_as_they_are")
        altered = "CAST(replace(CAST(event AS TEXT), '\"number\":0', '\"number\":7') AS BLOB)"
        connection.execute(f"UPDATE events SET event = {altered}")
    connection.close()
    with pytest.raises(Corrupt, match="event 0"):
        ledger.read()
    assert ledger.read_unchecked()[0].payload["number"] == 7


def test_an_undecodable_sqlite_event_is_named_by_its_position(tmp_path: Path) -> None:
    ledger = SqliteLedger(tmp_path / "ledger.db", clock=now, new_id=lambda: "e", key=NO_KEY)
    ledger.append([draft(0)], head=GENESIS)
    with sqlite3.connect(tmp_path / "ledger.db") as connection:
        connection.execute("INSERT INTO events VALUES (1, x'00')")
    connection.close()
    for look in (ledger.read, ledger.read_unchecked):
        with pytest.raises(Corrupt, match="event 1"):
            look()


def test_a_path_that_cannot_be_a_ledger_is_reported(tmp_path: Path) -> None:
    with pytest.raises(NotReady, match="cannot be opened"):
        SqliteLedger(tmp_path, clock=now, new_id=lambda: "e", key=NO_KEY).read()
    (tmp_path / "notes.txt").write_text("not a database, but long enough to be taken for one\n" * 20)
    with pytest.raises(Corrupt, match="damaged"):
        SqliteLedger(tmp_path / "notes.txt", clock=now, new_id=lambda: "e", key=NO_KEY).read()


def test_of_a_sqlite_ledger_that_is_locked_it_is_said_how_to_find_the_process(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    ledger = SqliteLedger(path, clock=now, new_id=lambda: "e", busy=0, key=NO_KEY)
    ledger.append([draft(0)], head=GENESIS)
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        with pytest.raises(NotReady, match="locked") as refused:
            ledger.read()
    assert f"fuser -v {path}" in str(refused.value.hint)
    assert len(ledger.read().events) == 1


def test_sqlite_writers_at_once_lose_nothing(tmp_path: Path) -> None:
    """Each thread has a ledger of its own, as processes would; the file does not exist when they start."""

    def write(name: int) -> None:
        ledger = SqliteLedger(tmp_path / "new" / "ledger.db", clock=now, new_id=lambda: os.urandom(6).hex(), key=NO_KEY)
        for number in range(5):

            def decide(history: History, n: int = 10 * name + number) -> tuple[Draft, ...]:
                return (Draft("environment.held", "dev", "ann", {"reason": str(n)}),)

            append(ledger, ledger.read(), decide)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(4)))
    events = SqliteLedger(tmp_path / "new" / "ledger.db", clock=now, new_id=lambda: "e", key=NO_KEY).read().events
    assert sorted(int(e.payload["reason"]) for e in events) == sorted(10 * n + i for n in range(4) for i in range(5))
