"""The events of a snapshot: verified once, and read again from the ledger when they are needed."""

from __future__ import annotations

import hashlib
import threading
from array import array
from bisect import bisect_left, bisect_right
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cached_property

from terrace.errors import Corrupt
from terrace.ledger.chain import decode_all, verified_events
from terrace.ledger.event import Event
from terrace.ledger.model import History
from terrace.ledger.sequences import Continued, LazySequence

BLOCK = 1000
"""Events that are read from the ledger at once. A snapshot has a digest of each block."""

_BLOCKS = 8
"""Blocks that are kept in memory."""

_KEPT = 4096
"""Single events that are kept in memory."""

Lines = Callable[[int, int], Sequence[bytes]]
"""Returns the lines that a ledger stores for the events from a position up to another one, which is not included."""


class KeptLines:
    """Lines of single events, by position, in one piece of memory."""

    def __init__(self, positions: Sequence[int], ends: Sequence[int], content: bytes) -> None:
        self.positions = positions
        self.ends = ends
        self.content = content

    def line(self, position: int) -> bytes | None:
        """Returns the line of an event; None where it is not kept."""
        index = bisect_left(self.positions, position)
        if index == len(self.positions) or self.positions[index] != position:
            return None
        return self.content[self.ends[index - 1] if index else 0 : self.ends[index]]

    def continue_with(self, lines: Mapping[int, bytes]) -> KeptLines:
        """Returns these lines and more, all of later positions."""
        ends = array("Q", self.ends)
        at = len(self.content)
        for line in lines.values():
            at += len(line)
            ends.append(at)
        return KeptLines(array("Q", (*self.positions, *lines)), ends, b"".join((self.content, *lines.values())))


def digest_of(events: Sequence[Event]) -> bytes:
    """Returns a digest of a block of events. It covers the MACs too, which the hashes of events do not."""
    return hashlib.sha256("\n".join(f"{event.hash} {event.code!a}" for event in events).encode()).digest()


class OldEvents(LazySequence[Event]):
    """The first events of a ledger, as they are stored. `digests` are those of their blocks: another event than the
    verified one is never returned."""

    def __init__(
        self, length: int, digests: Sequence[bytes], kept: KeptLines, ids: Callable[[], frozenset[str]], lines: Lines
    ) -> None:
        self.digests = digests
        self.kept = kept
        self._length = length
        self._ids = ids
        self._lines = lines
        self._single: dict[int, Event] = {}
        self._blocks: OrderedDict[int, tuple[Event, ...]] = OrderedDict()
        # Stacks are planned in several threads, and each may ask.
        self._one_at_a_time = threading.RLock()

    def __len__(self) -> int:
        return self._length

    @cached_property
    def ids(self) -> frozenset[str]:
        """Returns the ids of all of them."""
        return self._ids()

    def element(self, index: int) -> Event:
        """Returns the event at a position that exists. Raises Corrupt if the ledger has another one there now."""
        with self._one_at_a_time:
            block = self._blocks.get(index // BLOCK)
            if block is not None:
                return block[index % BLOCK]
            if index in self._single:
                return self._single[index]
            line = self.kept.line(index)
            if line is None:
                return self._block(index // BLOCK)[index % BLOCK]
            if len(self._single) >= _KEPT:
                self._single.clear()
            self._single[index] = decode_all([line], first=index)[0]
            return self._single[index]

    def _block(self, number: int) -> tuple[Event, ...]:
        first, last = number * BLOCK, min((number + 1) * BLOCK, self._length)
        events = decode_all(self._lines(first, last), first=first)
        if (
            digest_of(verified_events(events, first=first, previous=events[0].previous if events else ""))
            != self.digests[number]
        ):
            raise Corrupt(
                f"events {first}-{last - 1} of the ledger are not those that this clone verified before",
                hint="see `terrace ledger verify`. Another clone can have an intact copy",
            )
        self._blocks[number] = events
        while len(self._blocks) > _BLOCKS:
            self._blocks.popitem(last=False)
        return events


class OldReadable(LazySequence[Event]):
    """The valid ones of the first events of a ledger, with the times that they are taken to have.

    `invalid` are the positions of the others, in order; `times` are the times that differ from the written ones.
    """

    def __init__(self, events: OldEvents, invalid: Sequence[int], times: Mapping[int, datetime]) -> None:
        self.events = events
        self.invalid = invalid
        self.times = times
        self._length = len(events) - len(invalid)

    def __len__(self) -> int:
        return self._length

    def element(self, index: int) -> Event:
        """Returns the valid event at an index that exists, counted among the valid ones."""
        position = index
        while (further := index + bisect_right(self.invalid, position)) != position:
            position = further
        return self.at(position)

    def at(self, position: int) -> Event:
        """Returns the valid event at a position of the ledger."""
        event, time = self.events.element(position), self.times.get(position)
        return event if time is None else replace(event, time=time)


def old_events(history: History) -> OldEvents | None:
    """Returns the events of a history that come from a snapshot; None if all of them are in memory."""
    events = history.events.old if isinstance(history.events, Continued) else history.events
    return events if isinstance(events, OldEvents) else None


def trusted_after(history: History, events: Sequence[Event]) -> tuple[Event, ...]:
    """Returns the events if they continue a verified history. Raises Corrupt if they do not."""
    if not events:
        return ()
    old = old_events(history)
    known = len(old) if old is not None else 0
    ids = _Ids(old.ids if old is not None else frozenset(), {event.id for event in history.events[known:]})
    return verified_events(events, first=len(history.events), previous=history.head, ids=ids)


class _Ids:
    """The ids of old and of new events, without a copy of the old ones."""

    def __init__(self, old: frozenset[str], new: set[str]) -> None:
        self._old = old
        self._new = new

    def __contains__(self, name: object) -> bool:
        return name in self._new or name in self._old
