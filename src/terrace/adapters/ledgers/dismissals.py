"""A ledger as it is read by what the trust root says of dismissals: each backend is wrapped in it."""

from __future__ import annotations

from collections.abc import Sequence

from terrace.ledger.dates import DatesCount, without_dismissed_dates
from terrace.ledger.dismissals import Counts, without_dismissed
from terrace.ledger.event import Event
from terrace.ledger.model import Draft, History, Ledger


class DatedLedger:
    """A ledger that is read with its valid dismissals: of dates, and of events if no MACs are verified."""

    def __init__(self, ledger: Ledger, counts: DatesCount, dismissed: Counts) -> None:
        self._ledger = ledger
        self._counts = counts
        self._dismissed = dismissed
        self._last: History | None = None

    def read(self) -> History:
        """All events, oldest first."""
        return self._judge(self._ledger.read())

    def read_unchecked(self) -> tuple[Event, ...]:
        """All events as they are stored."""
        return self._ledger.read_unchecked()

    def append(self, drafts: Sequence[Draft], *, head: str) -> History:
        """Write all drafts or none, in order, and return the history with them."""
        return self._judge(self._ledger.append(drafts, head=head))

    def _judge(self, history: History) -> History:
        judged = without_dismissed_dates(without_dismissed(history, self._dismissed), self._counts)
        last = self._last
        if last is not None and (judged.undated, judged.absent) == (last.undated, last.absent):
            # A history in which something is dismissed is not the one that the ledger continued.
            judged = last.with_events(judged.events)
        self._last = judged if judged is not history else None
        return judged
