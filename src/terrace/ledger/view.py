"""Views of a history, computed once and continued with later events.

A fold processes the valid events, one after the other, and keeps the data that it needs to continue. The view of a
history that continues another one reuses the folds of that one and adds only the new events: the cost of a command
grows with the number of new events, and not with the age of the ledger.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from array import array
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Protocol, Self, TypeVar

from terrace.ledger.collector import without_collector
from terrace.ledger.event import Event
from terrace.ledger.events.codec import RECORDS
from terrace.ledger.events.record import Record
from terrace.ledger.reading import Reader, Reading
from terrace.ledger.sequences import Continued, LazySequence, append_lazily

if TYPE_CHECKING:
    from terrace.ledger.model import History
    from terrace.ledger.old_events import OldReadable

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
R = TypeVar("R", bound=Record)


class Fold(ABC, Generic[T_co]):
    """A result of events that can be continued with later ones. Made without arguments."""

    @abstractmethod
    def copy(self) -> Self:
        """Returns a copy that can be continued separately: additions to it do not change this one."""

    @abstractmethod
    def add(self, event: Event) -> None:
        """Take the next event that can be read."""

    @abstractmethod
    def result(self) -> T_co:
        """Returns the result for the events so far. It is not changed later."""

    STATE: ClassVar[Any] = None
    """The type of `state`. A fold without one is not part of snapshots."""

    def state(self) -> Any:
        """Returns the data that a fold needs to continue, for a snapshot."""
        raise NotImplementedError

    @classmethod
    def of_state(cls, state: Any, readable: OldReadable) -> Self:
        """Returns the fold with this state. `readable` are the events that it was given."""
        raise NotImplementedError


class KeyedFold(Fold[Mapping[str, T]]):
    """A fold that keeps one value for each key, and nothing else. `add` writes into `_found`."""

    def __init__(self) -> None:
        self._found: dict[str, T] = {}

    def copy(self) -> Self:
        """Returns the same fold with values of its own."""
        copied = type(self)()
        copied._found = dict(self._found)
        return copied

    def result(self) -> Mapping[str, T]:
        """Returns the values so far, by key."""
        return dict(self._found)

    def state(self) -> Any:
        """Returns the values so far, by key."""
        return self._found

    @classmethod
    def of_state(cls, state: Any, readable: OldReadable) -> Self:
        """Returns the fold with these values."""
        fold = cls()
        fold._found = state
        return fold


class Kinds(Fold["dict[type[Record], Sequence[tuple[Event, Any]]]"]):
    """The events by the types of their records, each with its record."""

    STATE = dict[str, bytes]

    def __init__(self) -> None:
        self._known: dict[type[Record], Sequence[tuple[Event, Any]]] = {}
        self._new: dict[type[Record], list[tuple[Event, Any]]] = {}

    def copy(self) -> Self:
        copied = type(self)()
        copied._known = self.result()
        return copied

    def add(self, event: Event) -> None:
        record = event.record
        self._new.setdefault(type(record), []).append((event, record))  # type: ignore[arg-type]

    def result(self) -> dict[type[Record], Sequence[tuple[Event, Any]]]:
        new = {kind: append_lazily(self._known.get(kind, ()), pairs) for kind, pairs in self._new.items()}
        return self._known | new

    def state(self) -> dict[str, bytes]:
        """Returns the positions of the events by kind, as an array of 32-bit numbers."""
        return {kind.KIND: _positions(pairs).tobytes() for kind, pairs in self.result().items()}

    @classmethod
    def of_state(cls, state: dict[str, bytes], readable: OldReadable) -> Self:
        """Returns the fold whose old events are read when they are needed."""
        fold = cls()
        fold._known = {RECORDS[kind]: _OldPairs(array("I", positions), readable) for kind, positions in state.items()}
        return fold


class _OldPairs(LazySequence[tuple[Event, Any]]):
    """The events of one kind in a snapshot, each with its record."""

    def __init__(self, positions: array[int], readable: OldReadable) -> None:
        self.positions = positions
        self._readable = readable

    def __len__(self) -> int:
        return len(self.positions)

    def element(self, index: int) -> tuple[Event, Any]:
        event = self._readable.at(self.positions[index])
        return event, event.record


def _positions(pairs: Sequence[tuple[Event, Any]]) -> array[int]:
    if isinstance(pairs, Continued) and isinstance(pairs.old, _OldPairs):
        return array("I", (*pairs.old.positions, *map(_position, pairs.new)))
    return pairs.positions if isinstance(pairs, _OldPairs) else array("I", map(_position, pairs))


def _position(pair: tuple[Event, object]) -> int:
    return pair[0].position


class StoredFolds(Protocol):
    """The folds of a snapshot."""

    def fold(self, kind: type[Fold[T]]) -> Fold[T] | None:
        """Returns the fold over the events of the snapshot; None if it does not have it."""


class View:
    """The cached results of one history, continued from the previous history."""

    def __init__(
        self, reader: Reader, count: int, before: View | None = None, stored: StoredFolds | None = None
    ) -> None:
        self._before = before
        # The events of a snapshot are never folded again: views keep the one that came from it.
        self._stored = stored
        self._first: View | None = None
        if before is not None:
            self._first = before if before._stored is not None else before._first
        self._reader = reader
        self._count = count
        self._folds: dict[type[Fold[Any]], Fold[Any]] = {}
        self._results: dict[object, Any] = {}

    @classmethod
    def over(cls, history: History) -> View:
        """Returns the view of a history. It continues that of the history before, unless new events change it."""
        before = history._continues
        if before is not None:
            reader = before._reader.continue_with(history.events[before._count :])
            if reader is not None:
                return cls(reader, len(history.events), before)
        with without_collector():
            reader = Reader.of(history.events, history.undated, history.absent, key=history.key)
        return cls(reader, len(history.events))

    @property
    def reader(self) -> Reader:
        """Returns what has read the events."""
        return self._reader

    @property
    def stored_folds(self) -> StoredFolds | None:
        """Returns the folds of the snapshot that this view continues; None without one."""
        first = self._first or self
        return first._stored

    @property
    def reading(self) -> Reading:
        """The events that can be read and those that cannot."""
        return self._reader.reading

    def fold(self, kind: type[Fold[T]]) -> T:
        """Returns the result of a fold over the valid events."""
        if kind not in self._results:
            with without_collector():
                self._results[kind] = self.fold_of(kind).result()
        return self._results[kind]  # type: ignore[no-any-return]

    def derive(self, function: Callable[[History], T], history: History) -> T:
        """Returns the cached result of a function of the history."""
        if function not in self._results:
            self._results[function] = function(history)
        return self._results[function]  # type: ignore[no-any-return]

    def of(self, *kinds: type[R]) -> Sequence[tuple[Event, R]]:
        """The events of these kinds, oldest first, each with its record."""
        known = self.fold(Kinds)
        sequences = [known[kind] for kind in kinds if kind in known]
        if len(sequences) < 2:
            return sequences[0] if sequences else ()
        return sorted((pair for pairs in sequences for pair in pairs), key=_position)

    def settle(self) -> View:
        """Returns this view, independent of the previous one: it has taken its folds."""
        before = self._before
        if before is not None:
            for kind in tuple(before._folds):
                self.fold_of(kind)
            self._before = None
        return self

    def fold_of(self, kind: type[Fold[T]]) -> Fold[T]:
        """Returns the fold over the valid events. It is not to be continued, but a copy of it."""
        known = self._folds.get(kind)
        if known is not None:
            return known
        before, events = self._before or self._first, self.reading.events
        fold = self._stored.fold(kind) if self._stored is not None else None
        if fold is not None:
            events = ()
        elif before is not None:
            fold = before.fold_of(kind).copy()
            events = events[len(before.reading.events) :]
        else:
            fold = kind()
        for event in events:
            fold.add(event)
        self._folds[kind] = fold
        return fold
