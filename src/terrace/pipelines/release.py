"""A hold ends by itself once Git and the world say the same again."""

from __future__ import annotations

from dataclasses import dataclass

from terrace.errors import Interrupted, TerraceError
from terrace.ledger import folds
from terrace.ledger.events.people import EnvironmentUnheld
from terrace.ledger.model import Draft, History, draft
from terrace.pipelines.crew import Crew
from terrace.pipelines.journal import append
from terrace.pipelines.plan_only import plans_at
from terrace.stacks.impact import change_set_between
from terrace.stacks.model import Undoing


@dataclass(frozen=True, slots=True)
class Released:
    """An environment takes deployments again, and why."""

    environment: str
    reason: str


def says_what_is_live(crew: Crew, history: History, environment: str) -> bool:
    """Whether an environment is held by a rollback that succeeded, and the protected tip touches nothing of it.

    Only the trees are compared; whether nothing would be done is for a plan to say.
    """
    held = folds.hold(history, environment)
    latest = folds.latest(history, environment)
    if held is None or latest is None or held.deployment != latest.id:
        return False
    if latest.result != "succeeded" or not isinstance(latest.origin, Undoing):
        return False
    repository, tip = crew.repository, crew.repository.protected_tip()
    before, after = crew.survey(latest.commit), crew.survey(tip)
    change = change_set_between(before, after, repository.tree(latest.commit), repository.tree(tip), crew.config)
    return not any(i.stack.environment == environment for i in change.impacts)


def let_go(crew: Crew, environment: str) -> Released | None:
    """End the hold if a plan of every stack at the protected tip does nothing; None when it does not end."""
    tip = crew.repository.protected_tip()
    try:
        plans = plans_at(crew, crew.survey(tip), environment)
    except Interrupted:
        raise
    except TerraceError:
        return None
    if not all(plan.is_empty and plan.complete and not plan.errored for plan in plans.values()):
        return None
    reason = f"the plan of {tip[:7]} does nothing: Git says what is live"

    def decide(seen: History) -> tuple[Draft, ...]:
        held = folds.hold(seen, environment)
        if held is None or not says_what_is_live(crew, seen, environment):
            return ()
        return (draft(EnvironmentUnheld(reason, held.deployment), environment, crew.actor),)

    history = append(crew.ledger, crew.ledger.read(), decide)
    return Released(environment, reason) if folds.hold(history, environment) is None else None
