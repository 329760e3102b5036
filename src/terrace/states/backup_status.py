"""The status of states according to the ledger: their backups and restore drills."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal, Self

import msgspec

from terrace.ledger import folds
from terrace.ledger.adoptions import adoptions, newest_adoptions
from terrace.ledger.deployment import Deployment, Step
from terrace.ledger.event import Event
from terrace.ledger.events.deployments import DeploymentEnded, DeploymentOpened
from terrace.ledger.events.states import StateBackedUp, StateDrilled, StateRestoreEnded
from terrace.ledger.events.steps import Detail, StepBegun, StepEnded
from terrace.ledger.model import History
from terrace.ledger.old_events import OldReadable
from terrace.ledger.view import Fold, KeyedFold
from terrace.stacks.additions import NOTHING, Additions
from terrace.stacks.model import Destruction
from terrace.words import duration

Finding = Literal["saved", "same", "none", "unsaved", "alarm", "unknown"]
"""The result of a check of a state: backed up, unchanged since the latest backup, no state yet, changed but not backed
up, incorrect, or unreadable. The first three are good.
"""


@dataclass(frozen=True, slots=True)
class BackupStatus:
    """How well the state of one stack is backed up, as far as the ledger knows.

    `backup` is the newest copy of a state that was as it should be, `checked_at` when it was last proven to be the
    state. `unbacked_since` is when the first serial without a copy was seen, or an apply began. `alarm` is what is
    wrong with the state. `planned_on` is the state before the newest apply that created or deleted objects, or whose
    state was looked for and not found, as long as no later state was seen; None otherwise.
    """

    stack: str
    environment: str
    backup: str = ""
    lineage: str = ""
    serial: int = -1
    sha256: str = ""
    checked_at: datetime | None = None
    unbacked_since: datetime | None = None
    alarm: str = ""
    drilled: Drilled | None = None
    planned_on: StateVersion | None = None

    def exposure(self, now: datetime) -> timedelta:
        """How much would be lost now: nothing while the newest copy is the state."""
        return now - self.unbacked_since if self.unbacked_since is not None else timedelta(0)

    def problem(self, rpo: timedelta | None, now: datetime) -> str:
        """Returns a sentence about the problem of the state; "" if there is none."""
        if self.alarm:
            return self.alarm
        if rpo is not None and self.exposure(now) > rpo:
            exposure = duration(self.exposure(now), units=2)
            return f"no backup of the state of the last {exposure}, and the RPO is {duration(rpo)}"
        if rpo is not None and self.checked_at is not None and now - self.checked_at > rpo:
            return f"last checked {duration(now - self.checked_at, units=2)} ago, and the RPO is {duration(rpo)}"
        return ""


@dataclass(frozen=True, slots=True)
class StateVersion:
    """The lineage and the serial of a state; "" and any serial where there was none."""

    lineage: str
    serial: int

    def is_before(self, lineage: str, serial: int) -> bool:
        """Returns whether a state of that lineage and serial can have been written after this one."""
        return lineage != self.lineage or serial > self.serial


@dataclass(frozen=True, slots=True)
class Drilled:
    """The result of the latest drill of a stack for a backup. `result` is passed, missed or failed."""

    backup: str
    result: str
    at: datetime


def backup_statuses(history: History) -> Mapping[str, BackupStatus]:
    """How every state that was ever applied to or looked at is backed up, by stack."""
    return history.fold(BackupStatuses)


class BackupStatusesState(msgspec.Struct):
    """How every state is backed up, in a snapshot. `planned` are the plans of open deployments."""

    found: dict[str, BackupStatus]
    environments: dict[str, str]
    begun: dict[str, StepBegun]
    planned: list[tuple[str, str, Detail]]


class BackupStatuses(Fold[Mapping[str, BackupStatus]]):
    """How every state is backed up, by stack."""

    STATE = BackupStatusesState

    def __init__(self) -> None:
        self._found: dict[str, BackupStatus] = {}
        self._environments: dict[str, str] = {}
        self._begun: dict[str, StepBegun] = {}
        self._planned: dict[tuple[str, str], Detail] = {}

    def copy(self) -> Self:
        """Returns a copy that can be continued separately."""
        copied = type(self)()
        copied._found, copied._environments = dict(self._found), dict(self._environments)
        copied._begun, copied._planned = dict(self._begun), dict(self._planned)
        return copied

    def add(self, event: Event) -> None:
        """Take the next event."""
        statuses, record = self._found, event.record
        match record:
            case DeploymentOpened():
                self._environments[event.subject] = record.environment
            case DeploymentEnded():
                # No step of it begins or ends after that.
                for key in [key for key in self._planned if key[0] == event.subject]:
                    del self._planned[key]
            case StepBegun() if record.stack:
                self._begun[record.attempt] = record
                if record.step == "apply":
                    known = self._of(event, record.stack)
                    statuses[record.stack] = replace(known, unbacked_since=known.unbacked_since or event.time)
            case StepEnded() if record.attempt in self._begun:
                self._end(event, record, self._begun.pop(record.attempt))
            case StateBackedUp() | StateRestoreEnded() | StateDrilled():
                known = statuses.get(event.subject) or BackupStatus(event.subject, record.environment)
                statuses[event.subject] = _after(known, event, record)

    def result(self) -> Mapping[str, BackupStatus]:
        """How they are backed up by now."""
        return dict(self._found)

    def state(self) -> BackupStatusesState:
        """Returns the data that is needed to continue."""
        planned = [(*key, detail) for key, detail in self._planned.items()]
        return BackupStatusesState(self._found, self._environments, self._begun, planned)

    @classmethod
    def of_state(cls, state: BackupStatusesState, readable: OldReadable) -> Self:
        """Returns the fold with this state."""
        fold = cls()
        fold._found, fold._environments, fold._begun = state.found, state.environments, state.begun
        fold._planned = {(deployment, stack): detail for deployment, stack, detail in state.planned}
        return fold

    def _of(self, event: Event, stack: str) -> BackupStatus:
        return self._found.get(stack) or BackupStatus(stack, self._environments[event.subject])

    def _end(self, event: Event, record: StepEnded, intent: StepBegun) -> None:
        stack = intent.stack
        if intent.step == "plan" and record.result == "succeeded":
            self._planned[event.subject, stack] = record.detail
        elif intent.step == "apply" and record.result == "succeeded":
            plan = self._planned.get((event.subject, stack), Detail())
            before = _planned_state(plan)
            if before is not None and changes_objects(plan.create, plan.replace, plan.delete):
                self._found[stack] = replace(self._found[stack], planned_on=before)
        elif _found_no_write(intent, record):
            before = _planned_state(self._planned.get((event.subject, stack), Detail()))
            known = self._of(event, stack)
            self._found[stack] = replace(known, planned_on=before or known.planned_on)
        elif intent.step in ("backup", "snapshot") and record.detail.backup:
            known = self._of(event, stack)
            if intent.step == "snapshot" and record.result == "succeeded":
                # A plan after the apply showed that this state has its changes, also where none had to be written.
                known = replace(known, planned_on=None)
            self._found[stack] = _of_copy(known, event.time, _of_step(record.detail))


def good_backups(history: History) -> frozenset[str]:
    """The names of the copies that good releases left: each is of a state after which everything was right."""
    return frozenset(
        name
        for deployment in folds.deployments(history)
        if deployment.result == "succeeded" and not deployment.undone_by
        for name in deployment.stack_results.backups
    )


def recorded_hashes(history: History) -> Mapping[str, str]:
    """The hash of the plain state of every copy that the ledger knows, by the copy's first name."""
    return history.fold(RecordedCopies)


class RecordedCopies(KeyedFold[str]):
    """The hash of the plain state of every copy, by the copy's first name."""

    STATE = dict[str, str]

    def add(self, event: Event) -> None:
        """Take the next event."""
        match event.record:
            case StepEnded(detail=Detail(backup=str(backup), state_sha256=str(sha256))):
                self._found[backup] = sha256
            case StateBackedUp(backup=backup, sha256=sha256) | StateRestoreEnded(backup=backup, sha256=sha256):
                if backup:
                    self._found[backup] = sha256


def lineages(history: History) -> Mapping[str, frozenset[str]]:
    """Returns the stacks of each lineage, according to the backups of their states. None is ever removed: no later
    event releases a lineage for another stack.
    """
    return history.fold(Lineages)


class Lineages(Fold[Mapping[str, frozenset[str]]]):
    """The stacks that had each lineage of a state."""

    STATE = tuple[dict[str, frozenset[str]], dict[str, str]]

    def __init__(self) -> None:
        self._found: dict[str, frozenset[str]] = {}
        self._begun: dict[str, str] = {}

    def copy(self) -> Self:
        """Returns a copy that can be continued separately."""
        copied = type(self)()
        copied._found, copied._begun = dict(self._found), dict(self._begun)
        return copied

    def add(self, event: Event) -> None:
        """Take the next event."""
        match event.record:
            case StepBegun(step="backup" | "snapshot") as record:
                self._begun[record.attempt] = record.stack
            case StepEnded(attempt=attempt, detail=Detail(lineage=str(lineage))) if attempt in self._begun:
                self._note(lineage, self._begun.pop(attempt))
            case StateBackedUp(lineage=lineage) | StateRestoreEnded(lineage=lineage):
                self._note(lineage, event.subject)

    def result(self) -> Mapping[str, frozenset[str]]:
        """The stacks so far, by lineage."""
        return dict(self._found)

    def state(self) -> Any:
        """Returns the data that is needed to continue."""
        return self._found, self._begun

    @classmethod
    def of_state(cls, state: Any, readable: OldReadable) -> Self:
        """Returns the fold with this state."""
        fold = cls()
        fold._found, fold._begun = state
        return fold

    def _note(self, lineage: str, stack: str) -> None:
        known = self._found.get(lineage, frozenset())
        if lineage and stack not in known:
            self._found[lineage] = known | {stack}


def same_state(history: History, stack: str, lineage: str) -> frozenset[str]:
    """The lineages that the state of a stack had before and after this one, itself among them: a restore into an empty
    remote backend begins a new one, and the ledger says which it continues."""
    saved = {(r.continues, r.lineage) for event, r in history.of(StateBackedUp) if event.subject == stack}
    put_back = {(r.continues, r.lineage) for event, r in history.of(StateRestoreEnded) if event.subject == stack}
    pairs = {pair for pair in saved | put_back if all(pair)}
    names, size = {lineage}, 0
    while len(names) > size:
        size = len(names)
        names |= {name for pair in pairs if names & set(pair) for name in pair}
    return frozenset(names)


def find_applying_deployments(history: History, stack: str, moment: datetime) -> tuple[str, ...]:
    """The deployments that began to apply something to a stack after that moment."""
    return tuple(
        deployment.id
        for deployment in folds.deployments(history)
        if deployment.is_applied(stack)
        and (deployment.ended_at is None or deployment.ended_at >= moment)
        and any(r.step is Step.APPLY and r.stack == stack and r.began_at > moment for r in deployment.steps)
    )


@dataclass(frozen=True, slots=True)
class StackRelease:
    """The commit that a stack was last deployed from, with its additions, or at which it was adopted.

    `id` names the deployment, or the event of the adoption. `destroyed` is True if it was destroyed.
    """

    id: str
    environment: str
    commit: str
    additions: Additions = NOTHING
    destroyed: bool = False


def release_of(history: History, environment: str, stack: str) -> StackRelease | None:
    """Returns the commit that a stack was last deployed from or adopted at; the attempted one if its latest apply did
    not succeed.
    """
    adopted = newest_adoptions(history, environment).get(stack)
    if adopted is not None:
        return StackRelease(adopted.id, environment, adopted.commit)
    done = folds.live_deployments(history, environment).get(stack)
    if done is not None:
        return _release(done)
    deployments = folds.of_environment(history, environment)
    return next((_release(d) for d in reversed(deployments) if d.is_applied(stack)), None)


def release_named(history: History, name: str) -> StackRelease | None:
    """The release with that id, None where there is none."""
    for deployment in folds.deployments(history):
        if deployment.id == name:
            return _release(deployment)
    adopted = (stack for stack in adoptions(history).values() if stack.id == name)
    return next((StackRelease(stack.id, stack.environment, stack.commit) for stack in adopted), None)


def _release(deployment: Deployment) -> StackRelease:
    destroyed = isinstance(deployment.origin, Destruction)
    return StackRelease(deployment.id, deployment.environment, deployment.commit, deployment.additions, destroyed)


def stacks_of(history: History, environment: str) -> tuple[str, ...]:
    """The stacks of an environment that were ever applied to or adopted, in the order in which they are deployed."""
    keys: dict[str, None] = {}
    for deployment in folds.of_environment(history, environment):
        keys |= {key: None for key in deployment.stacks if deployment.is_applied(key)}
    keys |= {key: None for key, stack in adoptions(history).items() if stack.environment == environment}
    return tuple(keys)


def changes_objects(create: object, replace: object, delete: object) -> bool:
    """Returns whether an apply of a plan with these counts changes the state."""
    return any(isinstance(count, int) and count > 0 for count in (create, replace, delete))


def went_back(known: StateVersion | BackupStatus, lineage: str, serial: int) -> str:
    """Returns why a state cannot follow a known one: another lineage or a lower serial; "" where it can."""
    if not known.lineage:
        return ""
    if lineage != known.lineage:
        return f"the state was created again: its lineage is {lineage}, and was {known.lineage}"
    if serial < known.serial:
        return f"the state went back: its serial is {serial}, and was {known.serial}"
    return ""


def no_state(serial: int) -> str:
    """Returns why an empty backend is wrong where the state had that serial before."""
    return f"the backend holds no state, and there was one (serial {serial})"


def _found_no_write(intent: StepBegun, ended: StepEnded) -> bool:
    """Returns whether a step read the state after an apply, and it differed from what the apply wrote."""
    return intent.step == "snapshot" and ended.result == "failed" and isinstance(ended.detail.serial, int)


def _planned_state(detail: Detail) -> StateVersion | None:
    """The state that a plan was made on."""
    if not isinstance(detail.lineage, str) or not isinstance(detail.serial, int):
        return None
    return StateVersion(detail.lineage, detail.serial)


def _of_copy(known: BackupStatus, at: datetime, copy: _Copy) -> BackupStatus:
    """A step copied the state. A backup from before an apply does not prove that the state of the apply was written,
    and an older one proves nothing.
    """
    if known.lineage == copy.lineage and copy.serial < known.serial:
        return known
    before = known.planned_on
    if before is not None and before.is_before(copy.lineage, copy.serial):
        before = None
    return replace(_prove(known, at, copy), planned_on=before)


def _after(known: BackupStatus, event: Event, record: StateBackedUp | StateRestoreEnded | StateDrilled) -> BackupStatus:
    if isinstance(record, StateDrilled):
        return replace(known, drilled=Drilled(record.backup, record.result, event.time))
    copy = _Copy(record.backup, record.lineage, record.serial, record.sha256)
    if isinstance(record, StateRestoreEnded):
        # A restored state may be the one that was wrong before, and stays so.
        wrong = known.alarm or known.planned_on is not None
        right = record.result == "restored" or (record.result != "unknown" and not wrong)
        if right and record.backup:
            return _prove(known, event.time, copy)
        # The wrong state has a higher serial now; only a later one than that can be right.
        moved = wrong and record.result == "put_back" and record.lineage
        return replace(known, planned_on=StateVersion(record.lineage, record.serial)) if moved else known
    if record.restore:
        # The state before a restore: it may be the wrong one, whether or not that was noticed before.
        wrong_now = went_back(known, record.lineage, record.serial) if record.finding == "saved" else ""
        if record.finding == "none" and known.backup:
            wrong_now = no_state(known.serial)
        return replace(known, alarm=known.alarm or wrong_now)
    match record.finding:
        case "saved" | "same":
            return _prove(known, event.time, copy)
        case "none":
            # Also if there was a state once, and a person accepted that it no longer exists.
            return BackupStatus(known.stack, known.environment, checked_at=event.time, drilled=known.drilled)
        case "alarm":
            return replace(known, alarm=record.reason or "", unbacked_since=known.unbacked_since or event.time)
        case "unsaved":
            return replace(known, unbacked_since=known.unbacked_since or event.time)
        case _:
            return known


@dataclass(frozen=True, slots=True)
class _Copy:
    """A copy of a state, and which state it is of."""

    backup: str
    lineage: str
    serial: int
    sha256: str


def _of_step(detail: Detail) -> _Copy:
    """Returns the backup of a step; None if its record is incomplete."""
    assert isinstance(detail.backup, str) and isinstance(detail.lineage, str), "checked when it was decoded"
    assert isinstance(detail.serial, int) and isinstance(detail.state_sha256, str), "checked when it was decoded"
    return _Copy(detail.backup, detail.lineage, detail.serial, detail.state_sha256)


def _prove(known: BackupStatus, at: datetime, copy: _Copy) -> BackupStatus:
    """A copy is the state."""
    return replace(
        known,
        backup=copy.backup,
        lineage=copy.lineage,
        serial=copy.serial,
        sha256=copy.sha256,
        checked_at=at,
        unbacked_since=None,
        alarm="",
        planned_on=None,
    )
