"""What happens by chance in a history: a list of bytes, so that the same list plays the same history again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Choices:
    """Bytes that are used up one by one. A zero, and everything after the last one, is the calmest choice."""

    def __init__(self, given: bytes) -> None:
        self._given = given
        self._next = 0

    @property
    def used_up(self) -> bool:
        """Whether only calm choices are left."""
        return self._next >= len(self._given)

    def number(self, below: int) -> int:
        """A number from 0 to `below` - 1; below 257."""
        if self.used_up:
            return 0
        self._next += 1
        return self._given[self._next - 1] * below // 256

    def one_of(self, options: Sequence[T]) -> T:
        """One of these; the first is the calmest."""
        return options[self.number(len(options))]

    def rarely(self, of_256: int) -> bool:
        """True so many times of 256."""
        return self.number(256) >= 256 - of_256
