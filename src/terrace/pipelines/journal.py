"""The ledger as one driver of one deployment uses it: notes are gathered and written together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from terrace.errors import Conflict, NotReady, TerraceError
from terrace.ledger import kinds
from terrace.ledger.authenticity import NO_KEY, demands_code
from terrace.ledger.chain import seal_all
from terrace.ledger.deployment import Deployment, Holder, Step, StepRecord
from terrace.ledger.events.codec import decode
from terrace.ledger.events.deployments import HolderRecord, LeaseTaken, RecoveryAttested
from terrace.ledger.events.people import LedgerRekeyed
from terrace.ledger.events.record import Record
from terrace.ledger.events.steps import StepBegun, StepEnded
from terrace.ledger.folds import deployment_of
from terrace.ledger.model import Draft, History, Ledger, draft, insist_on_records
from terrace.ledger.parts import split

TRIES = 50
"""How often a write is tried again when other writers are first. Each conflict means that one of them succeeded."""


MOST_SAID = 100_000
"""Characters that the ledger keeps of what a step said."""


class LeaseLost(TerraceError):
    """Somebody else drives it: they were quicker, or took it over with proof of our death. Nothing more is done by us.

    Nothing is broken: it is as busy as if they had been there before.
    """

    exit_code = 1


def append(ledger: Ledger, history: History, decide: Callable[[History], tuple[Draft, ...]]) -> History:
    """Write what `decide` makes of the history; when another writer was first, read and decide again.

    Deciding nothing writes nothing. Raises Conflict when others were first too often.
    """
    for _ in range(TRIES):
        drafts = decide(history)
        if not drafts:
            return history
        insist_on_records(drafts)
        insist_on_key(history, drafts)
        try:
            return ledger.append(drafts, head=history.head)
        except Conflict:
            history = ledger.read()
    raise Conflict("other writers were first every time", hint="try again in a moment")


def insist_on_key(history: History, drafts: Sequence[Draft]) -> None:
    """Raise NotReady where a draft would count as forged because this process does not hold the key of the ledger."""
    if (history.key is not NO_KEY and not history.reading.foreign) or not history.reading.coded:
        return
    for one in drafts:
        record = decode(one.kind, one.subject, one.actor, one.payload)
        if isinstance(record, LedgerRekeyed) and history.key is not NO_KEY:
            continue
        if isinstance(record, Record) and demands_code(record):
            raise NotReady(
                f"a {one.kind} counts only with the key of the ledger, which is not here: nothing was written",
                hint="go on where TERRACE_LEDGER_KEY or the key of backups is, such as in the job that applies",
            )


def preview(history: History, drafts: Sequence[Draft], now: datetime) -> History:
    """Returns the history as it would be with these events. Nothing is written; their ids are not the ones to come."""
    ids = [f"preview {number}" for number, _ in enumerate(drafts)]
    events = len(history.events)
    return history.followed_by(seal_all(drafts, events=events, head=history.head, ids=ids, time=now, key=history.key))


class Journal:
    """Writes the events of one deployment under one lease.

    Ends of steps are kept until the next intent, and then travel with it: `intend` before anything that touches the
    world. Every write checks first that the lease is still ours.
    """

    def __init__(self, ledger: Ledger, history: History, deployment: str, holder: Holder, actor: str) -> None:
        self._ledger = ledger
        self._history = history
        self._id = deployment
        self._holder = holder
        self._actor = actor
        self._epoch = 0
        self._notes: list[Draft] = []

    @property
    def history(self) -> History:
        """What was read or written last; notes not flushed are not in it."""
        return self._history

    @property
    def deployment(self) -> Deployment:
        """The deployment as it stands, flushed notes only."""
        found = deployment_of(self._history, self._id)
        assert found is not None, "it was opened before it is driven"
        return found

    def take_lease(self) -> None:
        """Note that we drive from now on; the epoch is one more than any before."""
        self._epoch = self.deployment.epoch + 1
        self.note(LeaseTaken(HolderRecord.of(self._holder), self._epoch))

    def intend(self, intents: Sequence[StepBegun]) -> bool:
        """Write intents, with the notes kept so far, if nobody else wrote since `history`.

        Else no intent is written, the notes are kept, and `history` has what others wrote: they may have closed a gate,
        so that whoever decided on the old one has to decide again. Raises LeaseLost.
        """
        begun = (self._draft(intent) for intent in intents)
        drafts = self._still_ours(self._history, (*self._notes, *begun))
        insist_on_records(drafts)
        insist_on_key(self._history, drafts)
        try:
            self._history = self._ledger.append(drafts, head=self._history.head)
        except Conflict:
            self._history = self._ledger.read()
            self._still_ours(self._history, drafts)
            return False
        self._notes.clear()
        return True

    def objection(self, history: History, record: StepRecord) -> str:
        """Why an apply of ours may not be started any more, by what the ledger says now; "" when it may."""
        deployment = deployment_of(history, self._id)
        if deployment is None or not deployment.open or deployment.epoch != self._epoch:
            return f"deployment {self._id} was taken over by another process"
        if not any(one.attempt == record.attempt and one.open for one in deployment.steps):
            return f"the ledger has an end of attempt {record.attempt}"
        taken = max(event.position for event, _ in history.of(LeaseTaken) if event.subject == self._id)
        said = [event for event, _ in history.of(RecoveryAttested) if event.subject == self._id]
        if any(event.position > taken for event in said):
            return f"{said[-1].actor} said that the process which drives deployment {self._id} is dead"
        return ""

    def end(self, record: StepRecord) -> None:
        """Note how a step ended. An apply that failed has to say what proves that nothing else came of it."""
        if record.step is Step.APPLY and record.result == "failed" and not record.detail.evidence:
            raise TerraceError(f"attempt {record.attempt} was to be recorded as failed, and nothing proves that")
        assert record.result is not None, "only a step that ended is recorded as ended"
        detail, parts = split(record.attempt, record.detail)
        for part in parts:
            self.note(part)
        self.note(
            StepEnded(
                attempt=record.attempt,
                result=record.result,
                step=record.step.value,
                stack=record.stack,
                message=record.message[:MOST_SAID],
                detail=detail,
            )
        )

    def note(self, record: Record) -> None:
        """Keep an event for the next flush."""
        self._notes.append(self._draft(record))

    def keep(self, drafts: Sequence[Draft]) -> None:
        """Keep events for the next flush."""
        self._notes += drafts

    def flush(self) -> Deployment:
        """Write the notes, all or none, and return the deployment as it stands then. Raises LeaseLost."""
        notes = tuple(self._notes)
        self._history = append(self._ledger, self._history, lambda history: self._still_ours(history, notes))
        self._notes.clear()
        return self.deployment

    def _draft(self, record: Record) -> Draft:
        return draft(record, self._id, self._actor)

    def _still_ours(self, history: History, notes: tuple[Draft, ...]) -> tuple[Draft, ...]:
        deployment = deployment_of(history, self._id)
        if deployment is None or not deployment.open or deployment.epoch > self._epoch:
            raise LeaseLost(
                f"deployment {self._id} was taken over by somebody else",
                hint="`terrace status` tells who drives it now; nothing more was done from here",
            )
        if deployment.epoch == self._epoch and notes and notes[0].kind == kinds.LEASE_TAKEN:
            raise LeaseLost(
                f"deployment {self._id} was taken up by another process at the same moment",
                hint="`terrace status` tells who drives it; nothing was done from here",
            )
        return notes


def plain(value: object) -> object:
    """JSON data as a ledger keeps it: no floats; a number with a fraction is kept as its text."""
    if isinstance(value, float):
        return int(value) if value.is_integer() else repr(value)
    if isinstance(value, list):
        return [plain(v) for v in value]
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    return value
