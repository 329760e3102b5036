"""The ledger in a SQLite file: for one machine on its own."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path

from terrace.adapters.ledgers.seen import SeenHead
from terrace.adapters.ledgers.snapshots import SnapshotFile
from terrace.errors import Conflict, Corrupt, NotReady
from terrace.ledger.authenticity import LedgerKey
from terrace.ledger.chain import decode_all, encode, seal_all
from terrace.ledger.collector import without_collector
from terrace.ledger.event import Event
from terrace.ledger.model import Draft, History
from terrace.ledger.old_events import trusted_after
from terrace.ledger.snapshot import Snapshot, is_due, recall, resume, take

BUSY_SECONDS = 30.0
"""How long a writer waits for another one's transaction."""

_PART = 10_000
"""Events that are decoded at once: the memory of a long ledger is that of a part and of a snapshot."""

_ALL = 1 << 62

_SCHEMA = """
CREATE TABLE IF NOT EXISTS events (position INTEGER PRIMARY KEY, event BLOB NOT NULL) STRICT;
CREATE TRIGGER IF NOT EXISTS events_stay_as_they_are BEFORE UPDATE ON events
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER IF NOT EXISTS events_stay BEFORE DELETE ON events
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER IF NOT EXISTS events_are_not_replaced BEFORE INSERT ON events
WHEN EXISTS (SELECT 1 FROM events WHERE position = NEW.position)
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
"""


class SqliteLedger:
    """Events in a file of their own. Several processes may use it at once. Read events are cached.

    With the `key` of the ledger events are written with their codes, and the codes of others are checked.
    """

    def __init__(
        self,
        path: Path,
        *,
        clock: Callable[[], datetime],
        new_id: Callable[[], str],
        seen_head: SeenHead | None = None,
        snapshots: SnapshotFile | None = None,
        key: LedgerKey,
        busy: float = BUSY_SECONDS,
    ) -> None:
        self._path = path
        self._busy = busy
        self._seen = seen_head
        self._snapshots = snapshots
        self._unsaved: Snapshot | None = None
        self._key = key
        self._history = History(key=key)
        self._clock = clock
        self._new_id = new_id

    def read(self) -> History:
        before = self._seen.load() if self._seen is not None else None
        self._history = self._continue()
        if self._seen is not None:
            self._seen.check(self._history.events, before)
        if self._snapshots is not None and self._unsaved is not None:
            self._snapshots.save(self._unsaved)
            self._unsaved = None
        return self._history

    def read_unchecked(self) -> tuple[Event, ...]:
        return decode_all(self._lines(0, _ALL))

    def _continue(self) -> History:
        """Returns the current content of the file. Earlier events are read again only if they are missing."""
        known = self._history if self._history.events else self._recall()
        if known.events and not self._has(known):
            # Also where the file was replaced.
            known = History(key=self._key)
        history = known
        with without_collector():
            while lines := self._lines(len(history.events), len(history.events) + _PART):
                events = decode_all(lines, first=len(history.events))
                history = self._with_snapshot(history.continue_with(trusted_after(history, events)))
        return history

    def _has(self, known: History) -> bool:
        """Returns whether the last event of a history is still there."""
        last = len(known.events) - 1
        return self._lines(last, last + 1) == [encode(known.events[-1])]

    def _recall(self) -> History:
        """Returns the history of the snapshot of this clone; an empty one without a snapshot."""
        snapshot = self._snapshots.load() if self._snapshots is not None else None
        return recall(snapshot, self._key, self._lines) if snapshot is not None else History(key=self._key)

    def _with_snapshot(self, history: History) -> History:
        """Returns the same history, with a new snapshot in place of old events if one is due."""
        if self._snapshots is None or not is_due(history):
            return history
        self._unsaved = take(history, self._snapshots.folds, "")
        return resume(self._unsaved, history, self._lines)

    def _lines(self, first: int, last: int) -> list[bytes]:
        """Returns the lines of the events at `first` and later, up to the one at `last`, which is not included."""
        if not self._path.exists():
            return []
        with self._open() as connection:
            # By number and not by position: rows after a gap are returned, and break the chain.
            query = "SELECT event FROM events WHERE position >= ? ORDER BY position LIMIT ?"
            return [row[0] for row in connection.execute(query, (first, last - first))]

    def append(self, drafts: Sequence[Draft], *, head: str) -> History:
        history = self._history if self._history.head == head else self.read()
        if history.head != head:
            raise Conflict("another process wrote to the ledger first")
        sealed = seal_all(
            drafts,
            events=len(history.events),
            head=head,
            ids=[self._new_id() for _ in drafts],
            time=self._clock(),
            latest=history.events[-1].time if history.events else None,
            key=self._key,
        )
        last = [encode(history.events[-1])] if history.events else []
        with self._open() as connection:
            # Everything else was made ready before: other writers wait only for this.
            connection.execute("BEGIN IMMEDIATE")
            newest = connection.execute("SELECT event FROM events ORDER BY position DESC LIMIT 1")
            if [row[0] for row in newest] != last:
                connection.execute("ROLLBACK")
                raise Conflict("another process wrote to the ledger first")
            if self._seen is not None:
                self._seen.check(history.events, self._seen.load())
            connection.executemany("INSERT INTO events VALUES (?, ?)", [(e.position, encode(e)) for e in sealed])
            connection.execute("COMMIT")
        self._history = history.continue_with(sealed)
        if self._seen is not None:
            self._seen.note(self._history.events)
        return self._history

    def _who_holds_it(self) -> str:
        return f"another process has been writing there for {self._busy:.0f} s: `fuser -v {self._path}` shows it"

    @contextlib.contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            connection = sqlite3.connect(self._path, timeout=self._busy, isolation_level=None)
        except (OSError, sqlite3.Error) as error:
            raise NotReady(
                f"the ledger {self._path} cannot be opened: {error}", hint="check the path in terrace.yaml: ledger"
            ) from error
        with contextlib.closing(connection):
            try:
                connection.execute("PRAGMA synchronous = EXTRA")
                connection.executescript(_SCHEMA)
                yield connection
            except sqlite3.OperationalError as error:
                locked = error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
                raise NotReady(
                    f"the ledger {self._path} cannot be used now: {error}",
                    hint=f"not recorded; {self._who_holds_it() if locked else _ROOM}",
                ) from error
            except sqlite3.DatabaseError as error:
                raise Corrupt(f"the ledger {self._path} is damaged: {error}") from error


_ROOM = "check the free disk space and the permissions of the folder"
