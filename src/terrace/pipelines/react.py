"""A deployment ended: what Terrace does about it by itself, if anything."""

from __future__ import annotations

from terrace.ledger.deployment import Deployment
from terrace.operations.reaction import GoBack, Pause, reaction
from terrace.pipelines.crew import Crew
from terrace.pipelines.deploy.opening import Refused
from terrace.pipelines.rollback.rollback import go_back


def react(crew: Crew, ended: Deployment | Refused) -> Deployment | Refused | Pause | None:
    """React to how a deployment ended; None where there is nothing to react to. Asked twice it reacts once."""
    if isinstance(ended, Refused):
        return None
    found = reaction(crew.config.environment(ended.environment), ended, crew.ledger.read())
    match found:
        case GoBack(origin):
            return go_back(crew, ended.environment, origin)
        case Pause():
            return found
    return None
