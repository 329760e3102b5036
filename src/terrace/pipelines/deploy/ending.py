"""How the end of a deployment is written: the end itself, and what it means for the hold on its environment."""

from __future__ import annotations

from terrace.ledger import kinds
from terrace.ledger.deployment import Deployment, Result, Step
from terrace.ledger.model import Draft
from terrace.pipelines.crew import Crew
from terrace.stacks.model import Undoing


def ended(crew: Crew, deployment: Deployment, result: Result, reasons: tuple[str, ...]) -> tuple[Draft, ...]:
    """Returns the events that end a deployment with this result."""
    payload: dict[str, object] = {"result": result, "reasons": list(reasons)}
    tagged = deployment.last(Step.TAG)
    if tagged is not None and tagged.result == "succeeded":
        payload["tag"] = tagged.detail["tag"]
    end = Draft(kinds.DEPLOYMENT_ENDED, deployment.id, crew.actor, payload)
    return (end, *_hold(crew, deployment, result))


def _hold(crew: Crew, deployment: Deployment, result: Result) -> tuple[Draft, ...]:
    environment, actor = deployment.environment, crew.actor
    held = {"deployment": deployment.id, "signed": crew.signers}
    if result == "unknown":
        # Nothing may build on what nobody knows, until somebody has looked.
        reason = f"what deployment {deployment.id} did is not known"
        return (Draft(kinds.ENVIRONMENT_HELD, environment, actor, {"reason": reason, **held}),)
    if isinstance(deployment.origin, Undoing):
        if result == "succeeded":
            return ()
        reason = f"the way back to {deployment.commit[:7]} ended: {result}"
        return (Draft(kinds.ENVIRONMENT_HELD, environment, actor, {"reason": reason, **held}),)
    if result == "succeeded" and deployment.settles:
        reason, of = "what nobody knew is in order again", deployment.settles
        return (Draft(kinds.ENVIRONMENT_UNHELD, environment, actor, {"reason": reason, "deployment": of}),)
    return ()
