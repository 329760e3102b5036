"""A command that starts from a snapshot of the ledger reads only what is new, and answers what the ledger says."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulation.aged import aged, released
from support.git import git, repository
from terrace import typed_json
from terrace.adapters.ledgers.git import GitLedger
from terrace.adapters.ledgers.snapshots import SnapshotFile
from terrace.adapters.ledgers.sqlite import SqliteLedger
from terrace.apps.wiring.ledger import folds_of_snapshots
from terrace.errors import Corrupt
from terrace.ledger import folds, holds, snapshot
from terrace.ledger.authenticity import NO_KEY, EventKey, LedgerKey
from terrace.ledger.chain import decode_all, encode, seal_all
from terrace.ledger.event import Event
from terrace.ledger.events.people import EnvironmentHeld
from terrace.ledger.model import Draft, History
from terrace.ledger.reader_state import ReaderState
from terrace.ledger.snapshot import Snapshot
from terrace.ledger.usual_durations import usual_durations
from terrace.ledger.view import Fold
from terrace.states.backup_status import good_backups

OURS, THEIRS = EventKey.of(b"ours"), EventKey.of(b"theirs")
LONG = aged(released().world.ledger.events, 2500)
NOW = datetime(2026, 6, 1, tzinfo=UTC)


def lines_of(events: Sequence[Event]) -> Callable[[int, int], Sequence[bytes]]:
    return lambda first, last: [encode(event) for event in events[first:last]]


def snapshot_of(events: Sequence[Event], key: LedgerKey = NO_KEY, anchor: str = "") -> Snapshot:
    return snapshot.take(History(tuple(events), key=key), folds_of_snapshots(), anchor)


def answers(history: History) -> list[object]:
    """What commands ask of a history."""
    found: list[object] = [history.head, history.reading.faults, folds.deployments(history)]
    return [*found, *(holds.hold(history, name) for name in ("dev", "staging")), list(folds.answers(history))]


WHOLE = answers(History(LONG, key=NO_KEY))


class Place:
    """A clone with a long ledger on a branch, and in a SQLite file, and the snapshots of both."""

    def __init__(self, folder: Path) -> None:
        self.work = repository(folder / "work")
        self.file = folder / "ledger.db"

    @property
    def folder(self) -> Path:
        return self.work / ".git" / "terrace"

    @property
    def snapshots(self) -> list[Path]:
        return sorted(self.folder.glob("*.snapshot"))

    def write(self, events: Sequence[Event], branch: str = "terrace/ledger") -> None:
        """Makes the branch as appends of 50 events would have."""
        stream = b""
        for first in range(0, len(events), 50):
            content = b"".join(encode(event) + b"\n" for event in events[first : first + 50])
            stream += f"commit refs/heads/{branch}\ncommitter t <t@localhost> 1767600000 +0000\ndata 1\nx\n".encode()
            stream += f"M 100644 inline events/{first // 1000:06d}/{first:09d}.jsonl\n".encode()
            stream += f"data {len(content)}\n".encode() + content + b"\n"
        argv: list[str | Path] = ["git", "-C", self.work, "fast-import", "--quiet", "--force"]
        subprocess.run(argv, input=stream, check=True)

    def git(self, key: LedgerKey = NO_KEY, folds: Sequence[type[Fold[Any]]] | None = None) -> GitLedger:
        """A ledger as a new process has it."""
        return GitLedger(
            self.work,
            remote=None,
            clock=lambda: NOW,
            new_id=lambda: os.urandom(6).hex(),
            snapshots=SnapshotFile(lambda: self.folder, "git", key, lambda: folds or folds_of_snapshots()),
            key=key,
        )

    def sqlite(self) -> SqliteLedger:
        return SqliteLedger(
            self.file,
            clock=lambda: NOW,
            new_id=lambda: os.urandom(6).hex(),
            snapshots=SnapshotFile(lambda: self.folder, "sqlite", NO_KEY, folds_of_snapshots),
            key=NO_KEY,
        )


@pytest.fixture
def place(tmp_path: Path) -> Place:
    made = Place(tmp_path)
    made.write(LONG)
    return made


def test_the_second_process_reads_only_the_events_after_the_snapshot(place: Place) -> None:
    assert answers(place.git().read()) == WHOLE
    [kept] = place.snapshots
    before = kept.stat().st_mtime_ns
    history = place.git().read()
    assert holds.hold(history, "dev") is None and history.head == LONG[-1].hash
    assert kept.stat().st_mtime_ns == before, "it is not written again while little is new"
    assert answers(history) == WHOLE
    assert list(history.events) == list(LONG)


def test_what_is_appended_to_a_snapshot_is_read_by_the_next_process(place: Place) -> None:
    place.git().read()
    ledger = place.git()
    ledger.append([Draft(EnvironmentHeld.KIND, "dev", "ann", {"reason": "x"})], head=ledger.read().head)
    hold = holds.hold(place.git().read(), "dev")
    assert hold is not None and hold.reason == "x"


def test_views_of_the_past_are_answered_by_the_snapshot_alone() -> None:
    asked: list[tuple[int, int]] = []

    def lines(first: int, last: int) -> Sequence[bytes]:
        asked.append((first, last))
        return lines_of(LONG)(first, last)

    history = snapshot.resume(snapshot_of(LONG), History(LONG, key=NO_KEY), lines)
    for name in ("dev", "staging"):
        assert (
            folds.live_deployments(history, name) and folds.last_good(history, name) and not holds.hold(history, name)
        )
        assert folds.find_unsettled(history, name, 1) is None and folds.changes(history, name)
    assert usual_durations(history) and good_backups(history)
    first = folds.deployments(history)[0]
    assert first.touched and not first.in_doubt and len(folds.answers(history)) > 100
    assert asked == [], "no event of the past is read for the state of now"
    assert len(first.steps) > 5
    assert asked == [(0, 1000)], "the steps of a deployment are read with the events around them"


def test_an_old_event_that_is_not_the_verified_one_is_never_used() -> None:
    """A ledger on disk that was changed below the last event; the MAC of an event is not part of its hash."""
    for changed in (
        replace(LONG[1400], actor="eve"),
        replace(LONG[1400], code="k:0"),
        seal_all(
            [Draft("environment.held", "dev", "eve", {"reason": "x"})],
            events=1400,
            head=LONG[1399].hash,
            ids=["e"],
            time=NOW,
            key=NO_KEY,
        )[0],
    ):
        forged = (*LONG[:1400], changed, *LONG[1401:])
        history = snapshot.resume(snapshot_of(LONG), History(LONG, key=NO_KEY), lines_of(forged))
        assert len(history.events) == len(LONG)
        with pytest.raises(Corrupt):
            list(history.events)


@settings(max_examples=150)
@given(st.data())
def test_a_damaged_snapshot_is_ignored(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    """Bytes that were changed, cut off or added: it is not a snapshot any more, whoever reads it."""
    keys: st.SearchStrategy[LedgerKey] = st.sampled_from((NO_KEY, OURS))
    key = data.draw(keys)
    file, path = stored_by(key, tmp_path_factory.getbasetemp() / "damaged")
    if not path.exists():
        file.save(snapshot_of(LONG[:200], key))
    stored = path.read_bytes()
    at = data.draw(st.integers(0, len(stored) - 1))
    how = data.draw(st.sampled_from(("change", "cut", "add", "zero", "swap")))
    damaged = {
        "change": stored[:at] + bytes([stored[at] ^ data.draw(st.integers(1, 255))]) + stored[at + 1 :],
        "cut": stored[:at],
        "add": stored + b"\0",
        "zero": stored[:at] + bytes(len(stored) - at),
        "swap": stored[at:] + stored[:at],
    }[how]
    path.write_bytes(damaged)
    try:
        assert (file.load() is None) == (damaged != stored)
    finally:
        path.write_bytes(stored)


def stored_by(key: LedgerKey, folder: Path) -> tuple[SnapshotFile, Path]:
    """The store of a process with that key, and its file."""
    name = f"ledger-git-{key.id if isinstance(key, EventKey) else 'no-key'}.snapshot"
    return SnapshotFile(lambda: folder, "git", key, folds_of_snapshots), folder / name


def test_only_a_process_with_the_key_writes_a_snapshot_for_processes_with_the_key(tmp_path: Path) -> None:
    keys: list[LedgerKey] = [OURS, THEIRS, NO_KEY]
    made = {key: stored_by(key, tmp_path) for key in keys}
    for key in keys:
        file = made[key][0]
        file.save(snapshot_of(LONG[:200], key))
        assert file.load() is not None
    contents = [path.read_bytes() for _, path in made.values()]
    for number, (file, path) in enumerate(made.values()):
        for other in (*contents[:number], *contents[number + 1 :]):
            path.write_bytes(other)
            assert file.load() is None
    # Whoever has no key can claim to have verified everything with it.
    claimed = msgspec.structs.replace(snapshot_of(LONG[:200]), key=OURS.id)
    file, path = made[NO_KEY]
    file.save(claimed)
    made[OURS][1].write_bytes(path.read_bytes())
    assert made[OURS][0].load() is None


@pytest.mark.parametrize("change", [{"version": "0.0.1"}, {"format": 0}, {"key": "other"}, {"count": 0}])
def test_a_snapshot_of_another_terrace_is_ignored(tmp_path: Path, change: dict[str, Any]) -> None:
    file, _ = stored_by(NO_KEY, tmp_path)
    file.save(msgspec.structs.replace(snapshot_of(LONG[:200]), **change))
    assert file.load() is None


def test_a_process_that_is_killed_while_it_writes_leaves_the_old_snapshot(tmp_path: Path) -> None:
    file, path = stored_by(NO_KEY, tmp_path)
    file.save(snapshot_of(LONG[:200]))
    part = path.with_name(f"{path.name}.4711.4711")
    part.write_bytes(path.read_bytes()[:1000])
    found = file.load()
    assert found is not None and found.head == LONG[found.count - 1].hash
    file.save(found)
    assert list(tmp_path.iterdir()) == [path], "what it left is removed"


def test_a_snapshot_that_cannot_be_written_raises_no_error(tmp_path: Path) -> None:
    (tmp_path / "terrace").write_text("a file\n")
    file, _ = stored_by(NO_KEY, tmp_path / "terrace")
    file.save(snapshot_of(LONG[:200]))
    assert file.load() is None


def test_another_ledger_on_the_branch_is_read_in_place_of_the_snapshot(place: Place) -> None:
    place.git().read()
    other = aged(released().world.ledger.events, 2000)
    other = tuple(
        seal_all(
            [Draft(one.kind, one.subject, one.actor, one.payload) for one in other],
            events=0,
            head="0" * 64,
            ids=[f"o{one.id}" for one in other],
            time=NOW,
            key=NO_KEY,
        )
    )
    place.write(other)
    assert answers(place.git().read()) == answers(History(other, key=NO_KEY))
    git(place.work, "branch", "-f", "terrace/ledger", "terrace/ledger~20")
    shorter = place.git().read()
    assert len(shorter.events) == 1050 and answers(shorter) == answers(History(other[:1050], key=NO_KEY))


@pytest.mark.parametrize("path", ["events/000000/000000050.jsonl", "events/000000/000000051.jsonl", "events/x"])
def test_a_file_among_those_of_the_snapshot_stops_the_next_process(place: Place, path: str) -> None:
    """Whatever was written there: changed or added, it is not a later event."""
    ledger = place.git()
    history = ledger.read()
    ledger.append([Draft(EnvironmentHeld.KIND, "dev", "ann", {"reason": "x"})], head=history.head)
    tip = git(place.work, "rev-parse", "terrace/ledger")
    content = encode(LONG[50]) + b"\n"
    stream = f"commit refs/heads/terrace/ledger\ncommitter t <t@localhost> 1767600000 +0000\ndata 1\nx\nfrom {tip}\n"
    stream += f"M 100644 inline {path}\ndata {len(content)}\n"
    subprocess.run(["git", "-C", place.work, "fast-import", "--quiet"], input=stream.encode() + content, check=True)
    for fresh in (place.git(), GitLedger(place.work, remote=None, clock=lambda: NOW, new_id=str, key=NO_KEY)):
        with pytest.raises(Corrupt):
            fresh.read()


def test_a_snapshot_names_no_option_of_git(place: Place) -> None:
    place.git().read()
    file, path = stored_by(NO_KEY, place.folder)
    found = file.load()
    assert found is not None and path in place.snapshots
    file.save(msgspec.structs.replace(found, anchor="--output=/etc/passwd"))
    assert answers(place.git().read()) == WHOLE


def test_a_sqlite_ledger_has_a_snapshot_too(place: Place) -> None:
    _fill(place.file, LONG)
    assert answers(place.sqlite().read()) == WHOLE and len(place.snapshots) == 1
    ledger = place.sqlite()
    history = ledger.read()
    assert answers(history) == WHOLE
    ledger.append([Draft(EnvironmentHeld.KIND, "dev", "ann", {"reason": "x"})], head=history.head)
    assert holds.hold(place.sqlite().read(), "dev") is not None
    place.file.unlink()
    _fill(place.file, LONG[:700])
    assert answers(place.sqlite().read()) == answers(History(LONG[:700], key=NO_KEY)), "the file was replaced"


def test_sqlite_answers_from_what_was_verified_and_uses_no_row_that_was_changed_since(place: Place) -> None:
    _fill(place.file, LONG)
    place.sqlite().read()
    with sqlite3.connect(place.file) as connection:
        connection.execute("DROP TRIGGER events_stay")
        connection.execute("DELETE FROM events WHERE position = 1400")
    ledger = place.sqlite()
    assert folds.last_good(ledger.read(), "dev") is not None
    with pytest.raises(Corrupt):
        list(ledger.read().events)
    for path in place.snapshots:
        path.unlink()
    with pytest.raises(Corrupt):
        place.sqlite().read()


def _fill(file: Path, events: Sequence[Event]) -> None:
    SqliteLedger(file, clock=lambda: NOW, new_id=str, key=NO_KEY).read()
    with sqlite3.connect(file) as connection:
        connection.execute(
            "CREATE TABLE IF NOT EXISTS events (position INTEGER PRIMARY KEY, event BLOB NOT NULL) STRICT"
        )
        connection.executemany("INSERT INTO events VALUES (?, ?)", [(one.position, encode(one)) for one in events])


STATES = "7ab3c8a591f9c01d"
"""A hash of all states of a recorded history."""


def test_a_change_of_what_a_snapshot_has_is_a_change_of_its_format() -> None:
    """A snapshot of the same version of Terrace but of other code would give other answers."""
    golden = Path(__file__).parent / "golden" / "written.jsonl"
    drafts = [
        Draft(one.kind, one.subject, one.actor, one.payload)
        for one in decode_all(golden.read_bytes().splitlines()[:40])
    ]
    ids = [f"e{number}" for number in range(len(drafts))]
    events = seal_all(drafts, events=0, head="0" * 64, ids=ids, time=NOW, key=OURS)
    taken = snapshot_of(events, OURS)
    states = [typed_json.unpack(taken.reader, ReaderState)]
    states += [typed_json.unpack(taken.folds[fold.__name__], fold.STATE) for fold in folds_of_snapshots()]
    found = hashlib.sha256(msgspec.msgpack.Encoder(order="deterministic").encode(states)).hexdigest()[:16]
    assert (snapshot.FORMAT, found) == (2, STATES), "raise FORMAT in terrace/ledger/snapshot.py, then set both here"


@pytest.mark.parametrize("kind", folds_of_snapshots(), ids=lambda kind: kind.__name__)
def test_the_types_of_a_state_are_known_when_it_is_read(kind: type[Fold[Any]]) -> None:
    """An import for annotations alone is not enough for a type that is decoded."""
    assert msgspec.msgpack.Decoder(kind.STATE).type == kind.STATE
