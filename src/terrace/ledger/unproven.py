"""Events that would count after a change of the key although no code was checked: a person judges them one by one."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Literal

from terrace.ledger.authenticity import EventKey, demands_code
from terrace.ledger.event import Event
from terrace.ledger.events.deployments import DeploymentEnded, DeploymentOpened, RecoverySettled
from terrace.ledger.events.people import EnvironmentUnheld, LedgerRekeyed
from terrace.ledger.events.record import Record
from terrace.ledger.events.states import StateRestoreEnded
from terrace.ledger.events.steps import StepBegun, StepEnded, StepListed
from terrace.ledger.model import History

Code = Literal["none", "unchecked", "wrong"]
"""The MAC of an event: none, one of an unknown key, or one that the current key did not create."""


@dataclass(frozen=True, slots=True)
class UnprovenEvent:
    """An event that demands a code and whose code was not checked.

    `says` is what follows from it, in words; `deployment`, `environment` and `stack` are what it is about, "" where it
    names none. `doubtful`: it was written without the key while that key was in use, as forged events are.
    """

    event: Event
    code: Code
    says: str
    environment: str = ""
    deployment: str = ""
    stack: str = ""
    doubtful: bool = False


def find_unproven(history: History, absent: Collection[int]) -> tuple[UnprovenEvent, ...]:
    """Returns the events that a change of the key would let count, oldest first, but for those that stay `absent`.

    Events that follow an opening without effect are included: they become valid with the opening.
    """
    return tuple(unproven_event for unproven_event in _walk(history) if unproven_event.event.position not in absent)


def _walk(history: History) -> Iterator[UnprovenEvent]:
    key, foreign = history.key, bool(history.reading.foreign)
    if not isinstance(key, EventKey):
        return
    wrote = {event.position for event in history.events if event.code and key.wrote(event.hash, event.code)}
    changes = [position for position in wrote if isinstance(history.events[position].record, LedgerRekeyed)]
    since = max(changes, default=0)
    about = _Subjects()
    in_use = ""
    for event in history.events:
        record = event.record
        if not isinstance(record, Record):
            continue
        about.note(event, record)
        named = event.code.partition(":")[0]
        is_own = event.position in wrote
        if is_own or (foreign and named and (not in_use or isinstance(record, LedgerRekeyed))):
            in_use = named
        if not demands_code(record) or is_own or event.position < since:
            continue
        code: Code = "none" if not event.code else "wrong" if named == key.id else "unchecked"
        environment, deployment, stack = about.of(event, record)
        doubtful = bool(in_use) and named != in_use
        yield UnprovenEvent(
            event, code, about.says(record), environment, deployment, stack, doubtful or code == "wrong"
        )


class _Subjects:
    """The subjects of events, from the earlier ones."""

    def __init__(self) -> None:
        self._environments: dict[str, str] = {}
        self._attempts: dict[str, StepBegun] = {}

    def note(self, event: Event, record: Record) -> None:
        """Remember what a later event refers to. The first one is used."""
        if isinstance(record, DeploymentOpened):
            self._environments.setdefault(event.subject, record.environment)
        elif isinstance(record, StepBegun):
            self._attempts.setdefault(record.attempt, record)

    def of(self, event: Event, record: Record) -> tuple[str, str, str]:
        """The environment, the deployment and the stack of an event, "" for what it does not name."""
        match record.ABOUT:
            case "deployment":
                return self._environments.get(event.subject, ""), event.subject, self._stack(record)
            case "stack":
                return event.subject.partition("/")[0], "", event.subject
            case "environment":
                deployment = record.deployment if isinstance(record, EnvironmentUnheld) else ""
                return event.subject, deployment, ""
        return "", "", ""

    def says(self, record: Record) -> str:
        """Returns the effect of an event, in a few words."""
        match record:
            case DeploymentOpened(commit=commit):
                return f"a deployment of {commit[:7]} is opened"
            case DeploymentEnded(result=result):
                return f"the deployment ended: {result}"
            case StepBegun(step=step):
                return f"{step} begins"
            case StepEnded(attempt=attempt, result=result, step=step):
                begun = self._attempts.get(attempt)
                return f"{step or (begun.step if begun else 'a step')} ended: {result}"
            case EnvironmentUnheld():
                return "a hold is released"
            case StateRestoreEnded(result=result):
                return f"a restore ended: {result}"
            case LedgerRekeyed():
                return "the key of the ledger is changed"
        return record.KIND.replace(".", " ").replace("_", " ")

    def _stack(self, record: Record) -> str:
        match record:
            case StepBegun(stack=stack) | RecoverySettled(stack=stack):
                return stack
            case StepEnded(stack=stack) if stack:
                return stack
            case StepEnded(attempt=attempt) | StepListed(attempt=attempt):
                begun = self._attempts.get(attempt)
                return begun.stack if begun else ""
        return ""
