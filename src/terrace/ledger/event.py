"""One entry of the ledger."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from terrace.ledger.events.codec import decode, decode_line
from terrace.ledger.events.record import Malformed, Record, Unknown


@dataclass(frozen=True, slots=True)
class Event:
    """One entry. `position` counts from 0; `hash` covers every other field but `code`, `previous` among them.

    `subject` is what it is about: a deployment id, an environment, the ledger itself. `code` proves that a process with
    the key of the ledger wrote it (`EventKey.code`); "" where the writer held no key.
    """

    position: int
    id: str
    time: datetime
    actor: str
    kind: str
    subject: str
    payload: Mapping[str, Any]
    previous: str
    hash: str
    code: str = ""
    _record: Record | Unknown | Malformed | None = field(default=None, init=False, compare=False, repr=False)
    _hash_holds: bool = field(default=False, init=False, compare=False, repr=False)

    @property
    def record(self) -> Record | Unknown | Malformed:
        """The payload as the record of its kind, decoded when it is first asked for."""
        record = self._record
        if record is None:
            record = decode(self.kind, self.subject, self.actor, self.payload, position=self.position, time=self.time)
            object.__setattr__(self, "_record", record)
        return record

    @property
    def hash_holds(self) -> bool:
        """Returns whether the hash is verified. A modified copy is not verified."""
        return self._hash_holds

    def read_from(self, line: bytes) -> Event:
        """This event, which was read from its canonical line, and whose hash is that of its content."""
        record = decode_line(
            self.kind, self.subject, self.actor, self.payload, line, position=self.position, time=self.time
        )
        object.__setattr__(self, "_record", record)
        object.__setattr__(self, "_hash_holds", True)
        return self
