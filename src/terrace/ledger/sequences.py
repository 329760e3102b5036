"""Sequences of which the beginning is read again when it is needed, and the end is in memory."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import TypeVar, overload

T_co = TypeVar("T_co", covariant=True)
T = TypeVar("T")


class LazySequence(Sequence[T_co]):
    """A sequence of known length whose elements are made when they are requested. Equal to any with equal elements."""

    @abstractmethod
    def element(self, index: int) -> T_co:
        """Returns the element at an index that exists, counted from 0."""

    @overload
    def __getitem__(self, index: int) -> T_co: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[T_co]: ...

    def __getitem__(self, index: int | slice) -> T_co | Sequence[T_co]:
        if isinstance(index, slice):
            return tuple(self.element(number) for number in range(*index.indices(len(self))))
        place = index + len(self) if index < 0 else index
        if not 0 <= place < len(self):
            raise IndexError(index)
        return self.element(place)

    def __iter__(self) -> Iterator[T_co]:
        return map(self.element, range(len(self)))

    def __reversed__(self) -> Iterator[T_co]:
        return map(self.element, range(len(self) - 1, -1, -1))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence):
            return NotImplemented
        return len(self) == len(other) and all(a == b for a, b in zip(self, other, strict=True))

    def __hash__(self) -> int:
        return hash(len(self))


class Continued(LazySequence[T_co]):
    """A lazy sequence followed by elements in memory."""

    def __init__(self, old: LazySequence[T_co], new: tuple[T_co, ...]) -> None:
        self.old = old
        self.new = new
        self._length = len(old) + len(new)

    def __len__(self) -> int:
        return self._length

    def element(self, index: int) -> T_co:
        """Returns the element at an index that exists, counted from 0."""
        return self.new[index - len(self.old)] if index >= len(self.old) else self.old.element(index)

    @overload
    def __getitem__(self, index: int) -> T_co: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[T_co]: ...

    def __getitem__(self, index: int | slice) -> T_co | Sequence[T_co]:
        if isinstance(index, slice) and index.step in (None, 1):
            first, last, _ = index.indices(len(self))
            known = len(self.old)
            if first >= known:
                return self.new[first - known : max(last - known, 0)]
            if first == 0 and last >= known:
                return Continued(self.old, self.new[: last - known])
        return super().__getitem__(index)

    def __iter__(self) -> Iterator[T_co]:
        return chain(self.old, self.new)


def append_lazily(known: Sequence[T], new: Iterable[T]) -> Sequence[T]:
    """Returns a sequence with more elements at its end. Of a lazy one, the old elements are not read."""
    if isinstance(known, Continued):
        return Continued(known.old, (*known.new, *new))
    if isinstance(known, LazySequence):
        return Continued(known, tuple(new))
    return (*known, *new)
