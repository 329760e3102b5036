"""The last head that this machine saw, stored outside the repository: read events must still exist.

A ref can be moved, a clone created again and a file replaced; this machine still has its record.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Sequence
from pathlib import Path

from terrace.adapters.host import sync_folder, sync_parents
from terrace.adapters.ledgers.tags import TagsOfDeployments
from terrace.errors import Corrupt, NotReady
from terrace.ledger.event import Event

Head = tuple[int, str]
"""How many events there were, and the hash of the last one."""

_HOME = "export TERRACE_HOME=DIR with a folder that you can write and that is kept, or correct HOME"


class SeenHead:
    """The number of events and the hash of the last one, in a file of the data folder."""

    def __init__(self, path: Path, tags: TagsOfDeployments | None = None, named: str = "") -> None:
        """`tags` are used if this machine has no record of the ledger. `named` is the id of the ledger that the trust
        root names, "" where it names none.
        """
        self._path = path
        self._tags = tags
        self._named = named

    def load(self) -> Head | None:
        """Returns the recorded head, or None. Asked before the ledger is read: others may write meanwhile."""
        return self._read()

    def check(self, events: Sequence[Event], before: Head | None) -> None:
        """Raises Corrupt unless these events continue the recorded ones; records their end."""
        self._insist_on_named(events)
        if before is not None:
            count, head = before
            hash_now = events[count - 1].hash if count <= len(events) else ""
            if hash_now != head:
                raise Corrupt(
                    f"the ledger has diverged from the record of this machine ({count} events, head {head[:12]})",
                    hint="it was truncated, rewritten or replaced; Terrace stops until you restore it. Another clone "
                    f"may have an intact copy. If the ledger was replaced on purpose, remove {self._path}",
                )
            if count == len(events):
                return
        elif self._tags is not None:
            self._tags.check(events)
        self.note(events)

    def _insist_on_named(self, events: Sequence[Event]) -> None:
        """Raise Corrupt where this is another ledger than the trust root names, or where there is none.

        Tags can be deleted, and the key of the ledger may be that of another repository too.
        """
        actual = f"this one is {events[0].id}" if events else "there is no ledger"
        if self._named and (not events or events[0].id != self._named):
            raise Corrupt(
                f"terrace.yaml names the ledger {self._named}, and {actual}",
                hint="it was replaced or deleted; another clone may have it. If it is permanently lost: "
                "`terrace ledger begin --reason WHY`, and set its id as `ledger_id` in terrace.yaml",
            )

    def note(self, events: Sequence[Event]) -> None:
        """Remember where the ledger ends, unless another process saw more of it."""
        if events:
            latest = self._read()
            if latest is None or latest[0] < len(events):
                self._write(len(events), events[-1].hash)

    def forget(self) -> None:
        """Deletes the recorded head, for a new ledger."""
        self._path.unlink(missing_ok=True)

    def _read(self) -> Head | None:
        try:
            record = json.loads(self._path.read_bytes())
            count, head = record["events"], record["head"]
            if not isinstance(count, int) or not isinstance(head, str) or count < 1:
                raise ValueError("another shape")
        except FileNotFoundError:
            return None
        except OSError as error:
            raise NotReady(f"{self._path} cannot be read: {error.strerror}", hint=_HOME) from error
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise Corrupt(
                f"{self._path} is damaged: it keeps what this machine saw of the ledger",
                hint="compare `terrace ledger verify` of another clone, then remove the file",
            ) from error
        return count, head

    def _write(self, count: int, head: str) -> None:
        """At once and synced: whatever happens, the old or the new head is there."""
        part = self._path.with_name(f".{self._path.name}.{os.getpid()}.{threading.get_native_id()}.part")
        try:
            settle = sync_folder if self._path.parent.is_dir() else sync_parents
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with part.open("wb") as file:
                file.write(json.dumps({"events": count, "head": head}).encode())
                file.flush()
                os.fsync(file.fileno())
            part.replace(self._path)
            settle(self._path.parent)
        except OSError as error:
            raise NotReady(f"{self._path} cannot be written: {error.strerror}", hint=_HOME) from error
