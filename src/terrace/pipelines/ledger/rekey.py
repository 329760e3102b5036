"""Change of the ledger key: a process with the new key records which earlier events stay valid."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from terrace.errors import BadInput
from terrace.ledger.authenticity import EventKey
from terrace.ledger.dismissals import Counts, dismissed_positions
from terrace.ledger.events.people import LedgerRekeyed
from terrace.ledger.model import Draft, History, Ledger, draft
from terrace.ledger.unproven import UnprovenEvent, find_unproven
from terrace.pipelines.journal import append


@dataclass(frozen=True, slots=True)
class Change:
    """The effect of a key change. `unproven` are the events that become valid without a checked code; `absent` are the
    positions of events that are ignored."""

    before: str
    unproven: tuple[UnprovenEvent, ...]
    absent: tuple[int, ...]

    @property
    def unchecked(self) -> Mapping[str, int]:
        """The number of events by kind that become valid without a checked code."""
        return dict(sorted(Counter(unproven_event.event.kind for unproven_event in self.unproven).items()))

    @property
    def doubtful(self) -> tuple[int, ...]:
        """The positions of events that were written without the key while it was in use, as forged events would be."""
        return tuple(unproven_event.event.position for unproven_event in self.unproven if unproven_event.doubtful)


def propose(history: History, old: EventKey | None, counts: Counts) -> Change:
    """Returns the effect of a change to the key of this reader. Writes nothing.

    With the `old` key the earlier events are verified again: what is not authentic under it is not accepted. Without
    it, a person accepts all of them except those that were dismissed, or that a previous change lists. Raises BadInput
    where there is nothing to change, and where the old key is not the one of these events.
    """
    reading = history.reading
    forged = {fault.event.position for fault in reading.faults if fault.is_forged}
    if not reading.foreign and not forged:
        raise BadInput(
            "the key here is already the key of this ledger: there is nothing to change",
            hint="set TERRACE_LEDGER_KEY, or the backup key that it is derived from, to the new key first",
        )
    if old is not None:
        before = History(history.events, key=old).reading
        if before.foreign or not any(event.code for event in history.events):
            raise BadInput(
                f"the old key ({old.id}) authenticates no event of this ledger",
                hint="omit --old-key if that key is lost: then you accept the existing events yourself",
            )
        return Change(old.id, (), tuple(f.event.position for f in before.faults if f.is_forged))
    gone = dismissed_positions(history, counts)
    listed = _absent_before(history, gone)
    absent = tuple(sorted(gone | listed if reading.foreign else (gone & forged) | listed))
    return Change("", find_unproven(history, absent), absent)


def _absent_before(history: History, dismissed: frozenset[int]) -> frozenset[int]:
    """Returns what the previous key change lists, as far as a reader with another key can read it."""
    listed = [
        record.absent for event, record in history.of(LedgerRekeyed) if event.code and event.position not in dismissed
    ]
    return frozenset(listed[-1]) if listed else frozenset()


def rekey(ledger: Ledger, history: History, change: Change, reason: str, actor: str) -> History:
    """Records the change. Raises BadInput where other events were written since it was proposed."""
    if not reason.strip():
        raise BadInput("no reason was given", hint="pass --reason WHY: the ledger keeps it")
    record = LedgerRekeyed(reason, change.before, change.absent)

    def decide(current: History) -> tuple[Draft, ...]:
        if current.head != history.head:
            raise BadInput("other events were written to the ledger in the meantime", hint="run the command again")
        return (draft(record, "ledger", actor),)

    return append(ledger, history, decide)
