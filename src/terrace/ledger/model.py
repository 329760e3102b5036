"""Events, and what any ledger promises. Backends share one contract test."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from terrace.errors import TerraceError
from terrace.ledger.authenticity import LedgerKey
from terrace.ledger.event import Event
from terrace.ledger.events.codec import decode, encode
from terrace.ledger.events.deployments import DeploymentOpened
from terrace.ledger.events.record import Malformed, Record, Unknown
from terrace.ledger.sequences import append_lazily

if TYPE_CHECKING:
    from terrace.ledger.reading import Reading
    from terrace.ledger.view import Fold, View

T = TypeVar("T")

R = TypeVar("R", bound=Record)

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
    for new in drafts:
        record = decode(new.kind, new.subject, new.actor, new.payload)
        if isinstance(record, Malformed):
            raise TerraceError(f"a {new.kind} cannot be written into the ledger: {record.field}: {record.why}")
        if isinstance(record, Unknown):
            raise TerraceError(f"no event is called {new.kind}")


@dataclass(frozen=True)
class History:
    """All events as one reader saw them; `head` is the hash of the last, GENESIS when there is none.

    `undated` are the positions of events with an invalid date (`ledger.dates`), each with the time of its dismissal.
    With the `key` of the ledger the MACs of events are verified; a reader without it trusts them, except those at the
    positions `absent`, and therefore changes no environment.
    """

    events: Sequence[Event] = ()
    undated: Mapping[int, datetime] = field(default_factory=dict, hash=False)
    absent: frozenset[int] = frozenset()
    key: LedgerKey = field(repr=False, kw_only=True)

    @classmethod
    def from_snapshot(cls, events: Sequence[Event], view: View, key: LedgerKey) -> History:
        """Returns the history of the events of a snapshot, with the view over them."""
        history = cls(events, key=key)
        history.__dict__["_view"] = view
        history.__dict__["_earlier"] = _Earlier(history)
        return history

    @cached_property
    def _view(self) -> View:
        from terrace.ledger.view import View

        return View.over(self)

    @property
    def current_view(self) -> View:
        """Returns the view of this history."""
        return self._view

    @property
    def reading(self) -> Reading:
        """The valid and the invalid events, separated once."""
        return self._view.reading

    @property
    def readable(self) -> Sequence[Event]:
        """The events that can be read: only from these does anything follow."""
        return self.reading.events

    def fold(self, kind: type[Fold[T]]) -> T:
        """Returns the result of a fold over the valid events. A continued history continues the fold."""
        return self._view.fold(kind)

    def view(self, function: Callable[[History], T]) -> T:
        """Returns the cached result of a function of this history, which is called once."""
        return self._view.derive(function, self)

    def of(self, *kinds: type[R]) -> Sequence[tuple[Event, R]]:
        """The events of these kinds that can be read, oldest first, each with its record."""
        return self._view.of(*kinds)

    def before(self, position: int) -> History:
        """Returns the history of the same reader before the event at a position was written."""
        if position >= len(self.events):
            return self
        return self._earlier.at(self, position)

    def forget_earlier(self) -> None:
        """Forgets the cached histories before this one. They are built again if they are needed."""
        self._earlier.clear()

    def continue_with(self, events: Sequence[Event]) -> History:
        """Returns the history of the same reader after these events are written. Cached results are reused."""
        if not events:
            return self
        following = replace(self, events=append_lazily(self.events, events))
        following.__dict__["_earlier"] = self._earlier
        if "_view" in self.__dict__:
            following.__dict__["_continues"] = self._view.settle()
        elif "_continues" in self.__dict__:
            following.__dict__["_continues"] = self._continues
        if any(event.kind == _OPENING for event in events):
            # Gates repeatedly evaluate the events before a deployment was opened.
            self._earlier.keep(self)
        return following

    def with_events(self, events: Sequence[Event]) -> History:
        """Returns the history of all these events, which continues this history if it starts with the same events."""
        if self.events and self.is_start_of(events):
            return self.continue_with(events[len(self.events) :])
        return replace(self, events=events)

    def is_start_of(self, events: Sequence[Event]) -> bool:
        """Returns whether the events of an intact chain start with those of this history, if their MACs do."""
        known = len(self.events)
        return not known or (len(events) >= known and events[known - 1] == self.events[-1])

    @cached_property
    def _continues(self) -> View | None:
        """Returns the view to continue: gates evaluate the events before the newest deployment."""
        opening = next((n for n in range(len(self.events) - 1, 0, -1) if self.events[n].kind == _OPENING), None)
        return self.before(opening)._view if opening is not None else None

    @cached_property
    def _earlier(self) -> _Earlier:
        return _Earlier()

    @property
    def head(self) -> str:
        return self.events[-1].hash if self.events else GENESIS

    @property
    def ledger_id(self) -> str:
        """The id of the first event: it names the ledger. "" when there is none yet."""
        return self.events[0].id if self.events else ""


class _Earlier:
    """The newest histories that others continue, cached. All continue `first`, which is that of a snapshot."""

    def __init__(self, first: History | None = None) -> None:
        self.first = first
        self._kept: dict[int, History] = {}

    def keep(self, history: History) -> None:
        """Keep a history. The one that was kept first goes where there are too many."""
        self._kept[len(history.events)] = history
        while len(self._kept) > _KEPT:
            # Stacks are planned in several threads, and each may ask.
            self._kept.pop(next(iter(self._kept)), None)

    def clear(self) -> None:
        """Forget all of them."""
        self.first = None
        self._kept.clear()

    def at(self, history: History, position: int) -> History:
        """The history with the first events of another one, made from the longest one that is kept."""
        shorter = (
            candidate
            for length, candidate in sorted(self._kept.items(), reverse=True)
            if length <= position and candidate.head == history.events[length - 1].hash
        )
        nearest = next(shorter, None)
        if nearest is None and self.first is not None and len(self.first.events) <= position:
            nearest = self.first
        if nearest is None:
            earlier = replace(history, events=history.events[:position])
            earlier.__dict__["_continues"] = None
        else:
            earlier = nearest.continue_with(history.events[len(nearest.events) : position])
        earlier.__dict__["_earlier"] = self
        if earlier is not nearest:
            self.keep(earlier)
        return earlier


_KEPT = 8
_OPENING = DeploymentOpened.KIND


class Ledger(Protocol):
    """Append-only store of events."""

    def read(self) -> History:
        """All events, oldest first. Raises Corrupt if the chain is broken, NotReady if the ledger is not reachable."""
        ...

    def read_unchecked(self) -> tuple[Event, ...]:
        """All events as they are stored, whether or not their chain holds: for looking at damage only.

        Raises Corrupt when something stored is not even an event.
        """
        ...

    def append(self, drafts: Sequence[Draft], *, head: str) -> History:
        """Write all drafts or none, in order, and return the history with them.

        Raises Conflict when `head` is no longer the last hash: read and decide again.
        Raises NotReady when out of reach: nothing was written, or (the answer got lost) the next read shows it.
        """
        ...
