"""Events, and what any ledger promises. Backends share one contract test."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from terrace.errors import TerraceError
from terrace.ledger.authenticity import LedgerKey
from terrace.ledger.events.codec import decode, encode
from terrace.ledger.events.record import Malformed, Record, Unknown

if TYPE_CHECKING:
    from terrace.ledger.reading import Reading

T = TypeVar("T")

GENESIS = "0" * 64
"""The previous hash of the first event, and the head of a ledger that holds none."""


@dataclass(frozen=True, slots=True)
class Draft:
    """An event that is not written yet. `payload` is JSON data without secrets and without floats."""

    kind: str
    subject: str
    actor: str
    payload: Mapping[str, Any] = field(default_factory=dict)


def draft(record: Record, subject: str, actor: str) -> Draft:
    """The draft of a record about a subject. Raises TerraceError where it could not be read back."""
    return Draft(record.KIND, subject, actor, encode(record))


def insist_on_records(drafts: Sequence[Draft]) -> None:
    """Raise TerraceError where a draft could not be read back: then nothing of it is written."""
    for one in drafts:
        found = decode(one.kind, one.subject, one.actor, one.payload)
        if isinstance(found, Malformed):
            raise TerraceError(f"a {one.kind} cannot be written into the ledger: {found.field}: {found.why}")
        if isinstance(found, Unknown):
            raise TerraceError(f"no event is called {one.kind}")


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

    @property
    def record(self) -> Record | Unknown | Malformed:
        """The payload as the record of its kind, decoded when it is first asked for."""
        known = self._record
        if known is None:
            known = decode(self.kind, self.subject, self.actor, self.payload, position=self.position, time=self.time)
            object.__setattr__(self, "_record", known)
        return known


@dataclass(frozen=True)
class History:
    """All events as one reader saw them; `head` is the hash of the last, GENESIS when there is none.

    `undated` are the positions of events whose date does not count (`ledger.dates`), each with a time by which it was
    written: that of its dismissal. With the `key` of the ledger the codes of events are checked; a reader without it
    believes them unchecked, but for those at the positions `absent`, and so changes no environment.
    """

    events: tuple[Event, ...] = ()
    undated: Mapping[int, datetime] = field(default_factory=dict, hash=False)
    absent: frozenset[int] = frozenset()
    key: LedgerKey = field(repr=False, kw_only=True)

    @cached_property
    def reading(self) -> Reading:
        """The events that can be read and those that cannot, told apart once."""
        from terrace.ledger.reading import read

        return read(self.events, self.undated, self.absent, key=self.key)

    @cached_property
    def _views(self) -> dict[Callable[[History], object], object]:
        return {}

    def view(self, fold: Callable[[History], T]) -> T:
        """What a fold makes of this history. It is asked once."""
        if fold not in self._views:
            self._views[fold] = fold(self)
        return self._views[fold]  # type: ignore[return-value]

    @property
    def readable(self) -> tuple[Event, ...]:
        """The events that can be read: only from these does anything follow."""
        return self.reading.events

    def before(self, position: int) -> History:
        """What the same reader saw before the event at a position was written."""
        return replace(self, events=self.events[:position])

    def followed_by(self, events: Sequence[Event]) -> History:
        """What the same reader sees once these events are written."""
        return replace(self, events=(*self.events, *events))

    @property
    def head(self) -> str:
        return self.events[-1].hash if self.events else GENESIS

    @property
    def ledger_id(self) -> str:
        """The id of the first event: it names the ledger. "" when there is none yet."""
        return self.events[0].id if self.events else ""


class Ledger(Protocol):
    """Append-only store of events."""

    def read(self) -> History:
        """All events, oldest first. Raises Corrupt when the chain does not hold, NotReady when out of reach."""
        ...

    def read_unchecked(self) -> tuple[Event, ...]:
        """All events as they are stored, whether or not their chain holds: for looking at damage only.

        Raises Corrupt when something stored is not even an event.
        """
        ...

    def append(self, drafts: Sequence[Draft], *, head: str) -> History:
        """Write all drafts or none, in order, and return the history with them.

        Raises Conflict when `head` is no longer the last hash: nothing was written; read and decide again.
        Raises NotReady when out of reach: nothing was written, or (the answer got lost) the next read shows it.
        """
        ...
