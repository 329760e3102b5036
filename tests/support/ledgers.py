"""The ledger in memory: the smallest thing behind the Protocol, held to the same contract as the real ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from terrace.errors import Conflict
from terrace.ledger.authenticity import LedgerKey
from terrace.ledger.chain import seal_all, verified_events
from terrace.ledger.event import Event
from terrace.ledger.model import Draft, History


class MemoryLedger:
    """Events in a list."""

    def __init__(self, *, clock: Callable[[], datetime], new_id: Callable[[], str], key: LedgerKey) -> None:
        self.events: tuple[Event, ...] = ()
        self._clock = clock
        self._new_id = new_id
        self._history = History(key=key)
        self._key = key

    def read(self) -> History:
        """All events."""
        verified_events(self.events)
        return self._known()

    def _known(self) -> History:
        self._history = self._history.with_events(self.events)
        return self._history

    def read_unchecked(self) -> tuple[Event, ...]:
        """All events, unchecked."""
        return self.events

    def append(self, drafts: Sequence[Draft], *, head: str) -> History:
        """All drafts or none."""
        history = self.read()
        if history.head != head:
            raise Conflict("somebody else was first")
        ids = [self._new_id() for _ in drafts]
        sealed = seal_all(
            drafts,
            events=len(self.events),
            head=head,
            ids=ids,
            time=self._clock(),
            latest=self.events[-1].time if self.events else None,
            key=self._key,
        )
        self.events = (*self.events, *sealed)
        return self._known()
