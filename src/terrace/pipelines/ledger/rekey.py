"""The key of the ledger is changed: a process with the new key writes down which events of before count."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from terrace.errors import BadInput
from terrace.ledger.authenticity import EventKey
from terrace.ledger.dismissals import Counts, dismissed_positions
from terrace.ledger.events.people import LedgerRekeyed
from terrace.ledger.model import Draft, History, Ledger, draft
from terrace.ledger.unproven import UnprovenEvent, unproven
from terrace.pipelines.journal import append


@dataclass(frozen=True, slots=True)
class Change:
    """What a change of the key means. `unproven` are the events that count from then on although no code was checked;
    `absent` are the positions of events that do not count.
    """

    before: str
    unproven: tuple[UnprovenEvent, ...]
    absent: tuple[int, ...]

    @property
    def unchecked(self) -> Mapping[str, int]:
        """How many events of which kind count although no code was checked."""
        return dict(sorted(Counter(one.event.kind for one in self.unproven).items()))

    @property
    def doubtful(self) -> tuple[int, ...]:
        """The positions of events that were written without the key while it was in use: so do forged events look."""
        return tuple(one.event.position for one in self.unproven if one.doubtful)


def proposed(history: History, old: EventKey | None, counts: Counts) -> Change:
    """What a change to the key of this reader would mean. Nothing is written.

    With the `old` key the events of before are checked once more: what is not authentic under it stays so. Without, a
    person answers for all of them but those that were dismissed, or that a change before this one lists. Raises
    BadInput where there is nothing to change, and where the old key is not the one of these events.
    """
    reading = history.reading
    forged = {fault.event.position for fault in reading.faults if fault.is_forged}
    if not reading.foreign and not forged:
        raise BadInput(
            "the key here is the key of this ledger: there is nothing to change",
            hint="set TERRACE_LEDGER_KEY, or the key of backups that it is derived from, to the new key first",
        )
    if old is not None:
        before = History(history.events, key=old).reading
        if before.foreign or not any(event.code for event in history.events):
            raise BadInput(
                f"the old key ({old.id}) authenticates no event of this ledger",
                hint="leave --old-key out where it is lost: then you answer for what is written",
            )
        return Change(old.id, (), tuple(f.event.position for f in before.faults if f.is_forged))
    gone = dismissed_positions(history, counts)
    listed = _absent_before(history, gone)
    absent = tuple(sorted(gone | listed if reading.foreign else (gone & forged) | listed))
    return Change("", unproven(history, absent), absent)


def _absent_before(history: History, dismissed: frozenset[int]) -> frozenset[int]:
    """What the last change of the key before this one lists, as far as a reader with another key can tell."""
    listed = [
        record.absent for event, record in history.of(LedgerRekeyed) if event.code and event.position not in dismissed
    ]
    return frozenset(listed[-1]) if listed else frozenset()


def rekey(ledger: Ledger, history: History, change: Change, reason: str, actor: str) -> History:
    """Write it down. Raises BadInput where other events were written since it was proposed: look at those too."""
    if not reason.strip():
        raise BadInput("nothing says why", hint="say it with --reason: it is kept in the ledger")
    record = LedgerRekeyed(reason, change.before, change.absent)

    def decide(seen: History) -> tuple[Draft, ...]:
        if seen.head != history.head:
            raise BadInput("others wrote into the ledger meanwhile", hint="run the command again")
        return (draft(record, "ledger", actor),)

    return append(ledger, history, decide)
