"""A cache of facts about files, by their content. Losing it only costs time."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from terrace.hcl.facts import FORMAT

_BUSY = ("SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_FULL", "SQLITE_READONLY", "SQLITE_BUSY_RECOVERY", "SQLITE_CANTOPEN")

_AT_ONCE = 900
"""Maximum number of variables in a statement: the oldest builds of SQLite accept 999."""


class FactsCache:
    """Keys to encoded facts in a SQLite file. Any problem with it makes it an empty cache, never an error."""

    def __init__(self, path: Path, patience: float = 5.0) -> None:
        self._patience = patience
        self._path = path.with_name(f"{path.stem}-{FORMAT}{path.suffix}")

    def get_many(self, keys: Collection[str]) -> Mapping[str, bytes]:
        """Returns the cached facts of these keys."""
        contents: dict[str, bytes] = {}
        names = list(keys)
        with self._open() as connection:
            for start in range(0, len(names), _AT_ONCE) if connection is not None else ():
                part = names[start : start + _AT_ONCE]
                marks = ",".join("?" * len(part))
                assert connection is not None
                rows = connection.execute(f"SELECT key, facts FROM facts WHERE key IN ({marks})", part)
                contents.update((key, facts) for key, facts in rows if isinstance(facts, bytes))
        return contents

    def put_many(self, facts: Mapping[str, bytes]) -> None:
        """Stores facts, if possible."""
        with self._open() as connection:
            if connection is not None:
                connection.executemany("INSERT OR REPLACE INTO facts VALUES (?, ?)", list(facts.items()))

    @contextlib.contextmanager
    def _open(self) -> Iterator[sqlite3.Connection | None]:
        connection = None
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            connection = sqlite3.connect(self._path, timeout=self._patience)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("CREATE TABLE IF NOT EXISTS facts (key TEXT PRIMARY KEY, facts BLOB) WITHOUT ROWID")
        except (OSError, sqlite3.Error) as error:
            if connection is not None:
                connection.close()
                connection = None
            self._discard(error)
        if connection is None:
            yield None
            return
        with contextlib.closing(connection):
            try:
                with connection:
                    yield connection
            except sqlite3.Error as error:
                # The facts found so far are correct.
                self._discard(error)

    def _discard(self, error: Exception) -> None:
        """Removes a file that is not a database; the next command creates it again. One that is only locked is kept."""
        busy = isinstance(error, sqlite3.OperationalError) and error.sqlite_errorname in _BUSY
        if busy or isinstance(error, sqlite3.ProgrammingError):
            return
        # Otherwise SQLite would apply the old log to the new file.
        for suffix in ("", "-wal", "-shm"):
            with contextlib.suppress(OSError):
                self._path.with_name(self._path.name + suffix).unlink()
