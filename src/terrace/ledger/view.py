"""Views of a history, computed once and continued with later events.

A fold processes the valid events, one after the other, and keeps the data that it needs to continue. The view of a
history that continues another one reuses the folds of that one and adds only the new events: the cost of a command
grows with the number of new events, and not with the age of the ledger.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

from terrace.ledger.collector import without_collector
from terrace.ledger.event import Event
from terrace.ledger.events.record import Record
from terrace.ledger.reading import Reader, Reading

if TYPE_CHECKING:
    from terrace.ledger.model import History

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


class Kinds(Fold["dict[type[Record], tuple[tuple[Event, Any], ...]]"]):
    """The events by the types of their records, each with its record."""

    def __init__(self) -> None:
        self._known: dict[type[Record], tuple[tuple[Event, Any], ...]] = {}
        self._new: dict[type[Record], list[tuple[Event, Any]]] = {}

    def copy(self) -> Self:
        copied = type(self)()
        copied._known = self.result()
        return copied

    def add(self, event: Event) -> None:
        record = event.record
        self._new.setdefault(type(record), []).append((event, record))  # type: ignore[arg-type]

    def result(self) -> dict[type[Record], tuple[tuple[Event, Any], ...]]:
        return self._known | {kind: (*self._known.get(kind, ()), *found) for kind, found in self._new.items()}


def _position(pair: tuple[Event, object]) -> int:
    return pair[0].position


class View:
    """The cached results of one history, continued from the previous history."""

    def __init__(self, history: History) -> None:
        before = history._continues
        reader: Reader | None = None
        if before is not None:
            reader = before._reader.followed_by(history.events[before._count :])
        if reader is None:
            before = None
            with without_collector():
                reader = Reader.of(history.events, history.undated, history.absent, key=history.key)
        self._before: View | None = before
        self._reader: Reader = reader
        self._count: int = len(history.events)
        self._folds: dict[type[Fold[Any]], Fold[Any]] = {}
        self._results: dict[object, Any] = {}

    @property
    def reading(self) -> Reading:
        """The events that can be read and those that cannot."""
        return self._reader.reading

    def fold(self, kind: type[Fold[T]]) -> T:
        """Returns the result of a fold over the valid events."""
        if kind not in self._results:
            with without_collector():
                self._results[kind] = self._folded(kind).result()
        return self._results[kind]  # type: ignore[no-any-return]

    def derived(self, function: Callable[[History], T], history: History) -> T:
        """Returns the cached result of a function of the history."""
        if function not in self._results:
            self._results[function] = function(history)
        return self._results[function]  # type: ignore[no-any-return]

    def of(self, *kinds: type[R]) -> Sequence[tuple[Event, R]]:
        """The events of these kinds, oldest first, each with its record."""
        known = self.fold(Kinds)
        found = [known[kind] for kind in kinds if kind in known]
        if len(found) < 2:
            return found[0] if found else ()
        return sorted((pair for pairs in found for pair in pairs), key=_position)

    def settled(self) -> View:
        """Returns this view, independent of the previous one: it has taken its folds."""
        before = self._before
        if before is not None:
            for kind in tuple(before._folds):
                self._folded(kind)
            self._before = None
        return self

    def _folded(self, kind: type[Fold[T]]) -> Fold[T]:
        known = self._folds.get(kind)
        if known is not None:
            return known
        before, events = self._before, self.reading.events
        if before is None:
            fold = kind()
        else:
            fold = before._folded(kind).copy()
            events = events[len(before.reading.events) :]
        for event in events:
            fold.add(event)
        self._folds[kind] = fold
        return fold
