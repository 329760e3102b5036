"""How long each step usually takes, from the deployments before."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from statistics import median
from typing import TYPE_CHECKING, Any, Self

import msgspec
from msgspec import UNSET

from terrace.ledger.deployment import Step
from terrace.ledger.event import Event
from terrace.ledger.events.deployments import DeploymentEnded, DeploymentOpened
from terrace.ledger.events.steps import StepBegun, StepEnded
from terrace.ledger.model import History
from terrace.ledger.view import Fold

if TYPE_CHECKING:
    from terrace.ledger.old_events import OldReadable

NEWEST = 10
"""Number of successful runs of a step from which the duration is taken, the newest ones."""

StepKey = tuple[str, str, Step]
"""Environment, stack ("" for a step of the environment) and step."""


def usual_durations(history: History) -> Mapping[StepKey, timedelta]:
    """Returns the median duration of the newest successful runs of each step. Plans and applies without changes do not
    count, since a run with changes takes longer."""
    return history.fold(UsualDurations)


class _Run(msgspec.Struct, array_like=True, frozen=True):
    """A step that was begun."""

    deployment: str
    stack: str
    step: str
    began_at: datetime
    is_empty: bool


class UsualDurationsState(msgspec.Struct):
    """The durations of the newest runs in a snapshot, in seconds, and the deployments and steps that are open."""

    seconds: list[tuple[str, str, str, tuple[float, ...]]]
    environments: dict[str, str]
    begun: dict[str, _Run]


class UsualDurations(Fold[Mapping[StepKey, timedelta]]):
    """The median duration of the newest successful runs of each step."""

    STATE = UsualDurationsState

    def __init__(self) -> None:
        self._seconds: dict[StepKey, tuple[float, ...]] = {}
        self._environments: dict[str, str] = {}
        self._begun: dict[str, _Run] = {}

    def copy(self) -> Self:
        """Returns a copy that can be continued separately."""
        copied = type(self)()
        copied._seconds, copied._environments = dict(self._seconds), dict(self._environments)
        copied._begun = dict(self._begun)
        return copied

    def add(self, event: Event) -> None:
        """Take the next event."""
        match event.record:
            case DeploymentOpened(environment=environment):
                self._environments[event.subject] = environment
            case DeploymentEnded():
                # No step of it begins or ends after that.
                self._environments.pop(event.subject, None)
                attempts = [attempt for attempt, run in self._begun.items() if run.deployment == event.subject]
                for attempt in attempts:
                    del self._begun[attempt]
            case StepBegun() as begun:
                is_empty = begun.detail.empty is True
                self._begun[begun.attempt] = _Run(event.subject, begun.stack, begun.step, event.time, is_empty)
            case StepEnded() as ended if ended.attempt in self._begun:
                self._note(event, ended, self._begun.pop(ended.attempt))

    def result(self) -> Mapping[StepKey, timedelta]:
        """Returns the usual durations so far."""
        return {key: timedelta(seconds=median(values)) for key, values in self._seconds.items()}

    def state(self) -> UsualDurationsState:
        """Returns the data that is needed to continue."""
        seconds = [(*key[:2], key[2].value, values) for key, values in self._seconds.items()]
        return UsualDurationsState(seconds, self._environments, self._begun)

    @classmethod
    def of_state(cls, state: Any, readable: OldReadable) -> Self:
        """Returns the fold with this state."""
        fold = cls()
        fold._seconds = {(name, stack, Step(step)): values for name, stack, step, values in state.seconds}
        fold._environments, fold._begun = state.environments, state.begun
        return fold

    def _note(self, event: Event, ended: StepEnded, run: _Run) -> None:
        is_empty = ended.detail.empty is True or (ended.detail.empty is UNSET and run.is_empty)
        if ended.result == "succeeded" and not is_empty:
            key = self._environments[run.deployment], run.stack, Step(run.step)
            seconds = (event.time - run.began_at).total_seconds()
            self._seconds[key] = (*self._seconds.get(key, ()), seconds)[-NEWEST:]
