"""Everything that an environment, or one stack of it, holds is taken down: the same gates, the order reversed."""

from __future__ import annotations

from terrace.ledger import folds
from terrace.pipelines.crew import Crew
from terrace.pipelines.deploy import enter, resume
from terrace.pipelines.destruction_target import destruction_of
from terrace.pipelines.opening import Opening, Refused
from terrace.rollout.model import Deployment
from terrace.stacks.model import Destruction


def destroy(crew: Crew, environment: str, stack: str | None, reason: str) -> Deployment | Refused:
    """Plan the destruction, ask as for a deployment, and take it all down. An unfinished one of the same is taken up.

    Raises BadInput when nothing is there, or when no single commit knows all that is.
    """
    crew.config.environment(environment)
    history = crew.ledger.read()
    current = folds.latest(history, environment)
    if current is not None and _asks_the_same(current, stack):
        return resume(crew, current)
    commit, waves = destruction_of(crew, history, environment, stack)
    origin = Destruction(crew.actor, reason)
    opening = Opening(environment, commit, origin, waves, live=commit, partial=stack is not None)
    return enter(crew, history, opening)


def _asks_the_same(current: Deployment, stack: str | None) -> bool:
    """Whether an open deployment takes down exactly what is asked for: never more than what was typed back."""
    if not current.open or not isinstance(current.origin, Destruction):
        return False
    return current.stacks == (stack,) if stack is not None else not current.partial
