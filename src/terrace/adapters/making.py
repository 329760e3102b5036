"""Making something where others answer, once: an answer may get lost, and the thing be there all the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from terrace.errors import NotReady

T = TypeVar("T")


class Unclear(NotReady):
    """Nobody said how a request ended: it may have been done, or not."""


def once(make: Callable[[], T], seen: Callable[[], T | None], sleep: Callable[[float], None], tries: int) -> T:
    """Make it. After an end that nobody knows, `seen` looks whether it was made, and gives what is there; only where it
    gives None, it is made again. Raises Unclear after that many tries."""
    for attempt in range(tries):
        try:
            return make()
        except Unclear as error:
            sleep(2.0**attempt)
            found = seen()
            if found is not None:
                return found
            last = error
    raise last
