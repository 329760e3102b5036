"""Access of a running deployment to the ledger: results are collected and written together with the next intent."""

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
from terrace.ledger.long_lists import split
from terrace.ledger.model import Draft, History, Ledger, draft, insist_on_records

TRIES = 50
"""Maximum number of attempts to write while other writers are first. Each conflict means that one of them succeeded."""


MOST_SAID = 100_000
"""Maximum number of characters of a step's message that the ledger keeps."""


class LeaseLost(TerraceError):
    """Another process runs the deployment: it was faster, or has proof that this one terminated. This one stops.

    That is not a fault: the deployment is as busy as if the other process had been there before.
    """

    exit_code = 1


def append(ledger: Ledger, history: History, decide: Callable[[History], tuple[Draft, ...]]) -> History:
    """Appends what `decide` returns for the history; reads and decides again when another writer was first.

    Writes nothing where it returns nothing. Raises Conflict when other writers were first too often.
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
    raise Conflict("other writers were first every time", hint="wait a moment and run the command again")


def insist_on_key(history: History, drafts: Sequence[Draft]) -> None:
    """Raises NotReady where an event would count as forged because this process does not have the ledger key."""
    if (history.key is not NO_KEY and not history.reading.foreign) or not history.reading.coded:
        return
    for new in drafts:
        record = decode(new.kind, new.subject, new.actor, new.payload)
        if isinstance(record, LedgerRekeyed) and history.key is not NO_KEY:
            continue
        if isinstance(record, Record) and demands_code(record):
            raise NotReady(
                f"a {new.kind} is only valid with the ledger key, which is not available here. Not recorded",
                hint="run this where TERRACE_LEDGER_KEY or the backup key is available, such as in the job that "
                "applies",
            )


def preview(history: History, drafts: Sequence[Draft], now: datetime) -> History:
    """Returns the history as it would be with these events. Writes nothing; the ids are not the final ones."""
    ids = [f"preview {number}" for number, _ in enumerate(drafts)]
    events = len(history.events)
    return history.continue_with(seal_all(drafts, events=events, head=history.head, ids=ids, time=now, key=history.key))


class Journal:
    """Writes the events of one deployment under one lease.

    Results of steps are kept until the next intent and written with it, by `intend`, before anything outside changes.
    Every write first checks that this process still has the lease.
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
        """The history as last read or written, without the events that are not flushed."""
        return self._history

    @property
    def deployment(self) -> Deployment:
        """The deployment as recorded, without the events that are not flushed."""
        deployment = deployment_of(self._history, self._id)
        assert deployment is not None, "a deployment is opened before it is run"
        return deployment

    def take_lease(self) -> None:
        """Keeps the event that this process takes the lease, with the next epoch."""
        self._epoch = self.deployment.epoch + 1
        self.note(LeaseTaken(HolderRecord.of(self._holder), self._epoch))

    def intend(self, intents: Sequence[StepBegun]) -> bool:
        """Writes intents, with the events kept so far, unless another process wrote since `history`.

        Otherwise no intent is written, the events are kept, and `history` contains what others wrote: they may have
        closed a gate, so the caller has to decide again. Raises LeaseLost.
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
        """Returns why an apply of this process must not start any more, according to this history; "" when it may."""
        deployment = deployment_of(history, self._id)
        if deployment is None or not deployment.open or deployment.epoch != self._epoch:
            return f"another process resumed deployment {self._id}"
        if not any(step.attempt == record.attempt and step.open for step in deployment.steps):
            return f"the ledger already has a result of attempt {record.attempt}"
        newest = (event.position for event, _ in reversed(history.of(LeaseTaken)) if event.subject == self._id)
        taken = next(newest)
        attestations = [event for event, _ in history.of(RecoveryAttested) if event.subject == self._id]
        if any(event.position > taken for event in attestations):
            return f"{attestations[-1].actor} declared that the process which runs deployment {self._id} has terminated"
        return ""

    def end(self, record: StepRecord) -> None:
        """Keeps the result of a step. An apply that failed must have evidence that nothing else happened."""
        if record.step is Step.APPLY and record.result == "failed" and not record.detail.evidence:
            raise TerraceError(f"attempt {record.attempt} cannot be recorded as failed without evidence")
        assert record.result is not None, "only a finished step has a result"
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
        """Keeps an event for the next flush."""
        self._notes.append(self._draft(record))

    def keep(self, drafts: Sequence[Draft]) -> None:
        """Keeps events for the next flush."""
        self._notes += drafts

    def flush(self) -> Deployment:
        """Writes the kept events, all or none, and returns the deployment as recorded then. Raises LeaseLost."""
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
                f"another process resumed deployment {self._id}",
                hint="`terrace status` shows which process runs it now; this one stopped",
            )
        if deployment.epoch == self._epoch and notes and notes[0].kind == kinds.LEASE_TAKEN:
            raise LeaseLost(
                f"another process resumed deployment {self._id} at the same moment",
                hint="`terrace status` shows which process runs it; this one did nothing",
            )
        return notes


def plain(value: object) -> object:
    """Returns JSON data as a ledger keeps it: without floats; a number with a fraction becomes its text."""
    if isinstance(value, float):
        return int(value) if value.is_integer() else repr(value)
    if isinstance(value, list):
        return [plain(v) for v in value]
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    return value
