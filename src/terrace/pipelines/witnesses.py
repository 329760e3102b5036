"""Death that no machine can prove: people say by name that whoever drove a deployment, or its apply, is dead."""

from __future__ import annotations

from terrace.ledger import kinds
from terrace.ledger.events.steps import StepBegun
from terrace.ledger.model import Draft, Event, History
from terrace.pipelines.crew import Crew
from terrace.pipelines.journal import append
from terrace.rollout.model import Deployment, StepRecord
from terrace.stacks.config import Environment


def attest(crew: Crew, history: History, deployment: Deployment, why: str) -> History:
    """Write down that somebody declares dead whatever was begun of a deployment so far; once a person."""

    def decide(seen: History) -> tuple[Draft, ...]:
        if crew.actor in _said(seen, deployment, _last(seen, deployment)):
            return ()
        return (Draft(kinds.RECOVERY_ATTESTED, deployment.id, crew.actor, {"reason": why}),)

    return append(crew.ledger, history, decide)


def needed(environment: Environment) -> int:
    """How many people must say so: two where people are asked, or where nothing may ever be destroyed."""
    return 2 if environment.protected or environment.approvals.asked else 1


def say_that_it_is_dead(history: History, deployment: Deployment, record: StepRecord) -> tuple[str, ...]:
    """Everybody who said so of an apply after it was begun."""
    begun = (e for e in history.readable if isinstance(e.record, StepBegun) and e.record.attempt == record.attempt)
    return _said(history, deployment, next(begun).position)


def say_that_its_driver_is_dead(history: History, deployment: Deployment) -> tuple[str, ...]:
    """Everybody who said so since its present driver took it up."""
    return _said(history, deployment, _taken(history, deployment))


def driven(crew: Crew, history: History, deployment: Deployment) -> bool:
    """Whether somebody may still drive it: their death is neither proven by this machine nor witnessed by enough."""
    if deployment.lease is None or crew.leases.dead(deployment.lease.holder, deployment.environment):
        return False
    said = say_that_its_driver_is_dead(history, deployment)
    return len(said) < needed(crew.config.environment(deployment.environment))


def _taken(history: History, deployment: Deployment) -> int:
    taken = (e.position for e in history.readable if e.kind == kinds.LEASE_TAKEN and e.subject == deployment.id)
    return max(taken, default=-1)


def _last(history: History, deployment: Deployment) -> int:
    """Where something was last begun that may have to be declared dead."""
    begun = (
        e.position
        for e in history.readable
        if e.subject == deployment.id and (e.kind == kinds.LEASE_TAKEN or _applies(e))
    )
    return max(begun, default=-1)


def _applies(event: Event) -> bool:
    return isinstance(event.record, StepBegun) and event.record.step == "apply"


def _said(history: History, deployment: Deployment, since: int) -> tuple[str, ...]:
    said = (e for e in history.readable if e.kind == kinds.RECOVERY_ATTESTED and e.subject == deployment.id)
    return tuple(dict.fromkeys(event.actor for event in said if event.position > since))
