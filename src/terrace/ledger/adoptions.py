"""Stacks that Terrace adopted from another tool and has not deployed since."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from terrace.ledger import folds
from terrace.ledger.event import Event
from terrace.ledger.events.states import StackAdopted, StateBackedUp
from terrace.ledger.events.steps import StepBegun
from terrace.ledger.model import History
from terrace.ledger.view import KeyedFold


@dataclass(frozen=True, slots=True)
class AdoptedStack:
    """An adopted stack: its commit, the time, and the person. `record` describes its state at that time, `id` is
    the id of the event."""

    id: str
    stack: str
    commit: str
    at: datetime
    by: str
    position: int
    record: StackAdopted = field(repr=False)

    @property
    def environment(self) -> str:
        """The environment of the stack."""
        return self.record.environment


def adoptions(history: History) -> Mapping[str, AdoptedStack]:
    """Returns by stack the newest adoption, where nothing was applied to the stack since."""
    return history.fold(Adoptions)


class Adoptions(KeyedFold[AdoptedStack]):
    """The newest adoption of each stack to which nothing was applied since."""

    STATE = dict[str, AdoptedStack]

    def add(self, event: Event) -> None:
        """Take the next event."""
        match event.record:
            case StackAdopted() as record:
                self._found[event.subject] = AdoptedStack(
                    event.id, event.subject, record.commit, event.time, event.actor, event.position, record
                )
            case StepBegun(step="apply", stack=stack):
                self._found.pop(stack, None)
            case StateBackedUp(finding="none"):
                # A person said that the state is rightly gone.
                self._found.pop(event.subject, None)


def newest_adoptions(history: History, environment: str) -> Mapping[str, AdoptedStack]:
    """Returns by stack the adoptions in an environment that no deployment of the stack followed, whether or not it had
    something to apply."""
    return {key: stack for key, stack in history.view(_newest).items() if stack.environment == environment}


def _newest(history: History) -> Mapping[str, AdoptedStack]:
    newest = dict(adoptions(history))
    if not newest:
        return newest
    opened = history.fold(folds.Openings)
    for deployment in folds.deployments(history):
        for key in deployment.stacks:
            if (
                key in newest
                and opened[deployment.id].position > newest[key].position
                and deployment.is_done(key) is not None
            ):
                del newest[key]
    return newest
