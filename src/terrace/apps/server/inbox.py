"""The deliveries on disk: written before the response, and processed in several attempts if needed.

    waiting ──▶ begun ──▶ done, ignored       its body is forgotten
       ▲          │
       │          ├─────▶ failed              tried again later
       └──────────┘       dead                failed permanently: an operator must check

A `begun` delivery without a worker was interrupted by a crash. It is started again: handlers are idempotent.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

from terrace.errors import BadInput, NotReady

TRIES = 5
"""Maximum number of attempts of a delivery, including those in which the worker crashed."""

PAUSE = timedelta(seconds=30)
"""Pause after the first failure, in seconds. It doubles with every failure."""

KEPT = timedelta(days=365)
"""Time for which a processed delivery is remembered. GitHub redelivers for three days; an attacker may replay one
later."""

_SCHEMA = """
PRAGMA journal_mode = WAL;
CREATE TABLE IF NOT EXISTS deliveries (
    position INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, event TEXT NOT NULL, digest BLOB NOT NULL UNIQUE,
    body BLOB,
    state TEXT NOT NULL, attempts INTEGER NOT NULL, received REAL NOT NULL, due REAL NOT NULL, said TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS deliveries_by_state ON deliveries (state, position);
"""

State = Literal["waiting", "begun", "failed", "done", "ignored", "dead"]

Taken = Literal["new", "known", "other"]
"""The kind of a delivery: new, already known (by its id, or the same content with another id), or has the id of another
one."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event as it was sent. `id` is from the sender: a redelivery has the same id."""

    id: str
    event: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Entry:
    """The result of a delivery. `message` is the last message about it."""

    id: str
    event: str
    state: State
    attempts: int
    received: datetime
    message: str


class Inbox:
    """A SQLite file. One process adds deliveries, another one processes them; threads can share it."""

    def __init__(self, path: Path, clock: Callable[[], datetime]) -> None:
        self._path = path
        self._clock = clock
        self._lock = threading.Lock()
        self._connection = _open(path)

    def close(self) -> None:
        """Closes the file. Later calls raise an error."""
        self._connection.close()

    def take(self, delivery: Delivery) -> Taken:
        """Stores a delivery durably. Raises NotReady where that fails."""
        digest = hashlib.sha256(delivery.body).digest()
        moment = self._clock().timestamp()
        row = (delivery.id, delivery.event, digest, delivery.body, moment, moment)
        with self._transaction() as connection:
            done = connection.execute(
                "INSERT INTO deliveries (id, event, digest, body, state, attempts, received, due, said)"
                " VALUES (?, ?, ?, ?, 'waiting', 0, ?, ?, '') ON CONFLICT DO NOTHING",
                row,
            )
            if done.rowcount:
                return "new"
            of_that_id = connection.execute("SELECT event, digest FROM deliveries WHERE id = ?", (delivery.id,))
            stored = of_that_id.fetchone()
        # The body is signed, but not the id: an old body with a new id is still an old delivery.
        return "known" if stored in (None, (delivery.event, digest)) else "other"

    def begin(self) -> Delivery | None:
        """Starts and returns the oldest delivery that is due; None where there is none. Called by the only worker after
        it has finished the previous one. A delivery that crashed its worker too often fails permanently.
        """
        with self._transaction() as connection:
            connection.execute(
                "UPDATE deliveries SET state = 'dead', said = 'the worker stopped during this delivery' WHERE "
                "state = 'begun' AND attempts >= ?",
                (TRIES,),
            )
            row = connection.execute(
                "UPDATE deliveries SET state = 'begun', attempts = attempts + 1 WHERE position = ("
                "SELECT position FROM deliveries WHERE state IN ('waiting', 'begun', 'failed') AND due <= ?"
                " ORDER BY position LIMIT 1) RETURNING id, event, body",
                (self._clock().timestamp(),),
            ).fetchone()
        return None if row is None else Delivery(*row)

    def end(self, id_: str, state: Literal["done", "ignored"], message: str) -> None:
        """Marks it as processed. Its body is forgotten: what people wrote is kept by the forge, not here."""
        with self._transaction() as connection:
            connection.execute(
                "UPDATE deliveries SET state = ?, said = ?, body = NULL WHERE id = ?", (state, message, id_)
            )
            horizon = (self._clock() - KEPT).timestamp()
            connection.execute("DELETE FROM deliveries WHERE body IS NULL AND received < ?", (horizon,))

    def fail(self, id_: str, why: str) -> State:
        """Marks an attempt as failed; returns whether it is retried."""
        with self._transaction() as connection:
            (attempts,) = connection.execute("SELECT attempts FROM deliveries WHERE id = ?", (id_,)).fetchone()
            state: State = "dead" if attempts >= TRIES else "failed"
            due = self._clock() + PAUSE * 2 ** (attempts - 1)
            connection.execute(
                "UPDATE deliveries SET state = ?, said = ?, due = ? WHERE id = ?", (state, why, due.timestamp(), id_)
            )
        return state

    def hand_back(self, id_: str) -> None:
        """Returns a delivery because the worker was asked to stop: this is not an attempt."""
        with self._transaction() as connection:
            connection.execute("UPDATE deliveries SET state = 'waiting', attempts = attempts - 1 WHERE id = ?", (id_,))

    def retry(self, id_: str) -> None:
        """Retries a delivery that failed permanently. Raises BadInput where there is no such delivery."""
        with self._transaction() as connection:
            done = connection.execute(
                "UPDATE deliveries SET state = 'waiting', attempts = 0, due = ? WHERE id = ? AND state = 'dead'",
                (self._clock().timestamp(), id_),
            )
        if not done.rowcount:
            raise BadInput(f"no delivery {id_} has failed permanently", hint="`terrace inbox` lists them")

    def entries(self, most: int = 50) -> tuple[Entry, ...]:
        """Returns the newest deliveries, newest first."""
        with self._transaction() as connection:
            rows = connection.execute(
                "SELECT id, event, state, attempts, received, said FROM deliveries ORDER BY position DESC LIMIT ?",
                (most,),
            ).fetchall()
        return tuple(
            Entry(id_, event, state, attempts, datetime.fromtimestamp(received, UTC), message)
            for id_, event, state, attempts, received, message in rows
        )

    def count(self) -> dict[State, int]:
        """Returns the number of deliveries in each state."""
        with self._transaction() as connection:
            return dict(connection.execute("SELECT state, count(*) FROM deliveries GROUP BY state").fetchall())

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """One durable transaction."""
        with self._lock:
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                try:
                    yield self._connection
                except BaseException:
                    self._connection.execute("ROLLBACK")
                    raise
                self._connection.execute("COMMIT")
            except sqlite3.Error as error:
                raise _unusable(self._path, error) from error


def _open(path: Path) -> sqlite3.Connection:
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # SQLite creates its other files with the same mode.
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        connection.executescript(_SCHEMA)
        # With WAL, a lower level can lose deliveries in a power failure after the response to GitHub.
        connection.execute("PRAGMA synchronous = FULL")
        # Deleted bodies are overwritten, because they may contain private text.
        connection.execute("PRAGMA secure_delete = ON")
    except (OSError, sqlite3.Error) as error:
        raise _unusable(path, error) from error
    return connection


def _unusable(path: Path, error: Exception) -> NotReady:
    return NotReady(
        f"the inbox {path} cannot be used now: {error}",
        hint="check the free disk space and the permissions of that folder",
    )
