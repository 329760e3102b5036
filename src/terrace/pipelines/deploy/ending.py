"""How the end of a deployment is written: the end itself, and what it means for the hold on its environment."""

from __future__ import annotations

from terrace.ledger.deployment import Deployment, Result, Step
from terrace.ledger.events.deployments import DeploymentEnded
from terrace.ledger.events.people import EnvironmentHeld, EnvironmentUnheld
from terrace.ledger.model import Draft, draft
from terrace.pipelines.crew import Crew
from terrace.stacks.model import Undoing


def ended(crew: Crew, deployment: Deployment, result: Result, reasons: tuple[str, ...]) -> tuple[Draft, ...]:
    """Returns the events that end a deployment with this result."""
    tagged = deployment.last(Step.TAG)
    tag = (tagged.detail.tag or "") if tagged is not None and tagged.result == "succeeded" else None
    end = DeploymentEnded(result, reasons, tag)
    return (draft(end, deployment.id, crew.actor), *_hold(crew, deployment, result))


def _hold(crew: Crew, deployment: Deployment, result: Result) -> tuple[Draft, ...]:
    environment, actor = deployment.environment, crew.actor
    if result == "unknown":
        # Nothing may build on what nobody knows, until somebody has looked.
        reason = f"what deployment {deployment.id} did is not known"
        return (draft(EnvironmentHeld(reason, deployment.id, crew.signers), environment, actor),)
    if isinstance(deployment.origin, Undoing):
        if result == "succeeded":
            return ()
        reason = f"the way back to {deployment.commit[:7]} ended: {result}"
        return (draft(EnvironmentHeld(reason, deployment.id, crew.signers), environment, actor),)
    if result == "succeeded" and deployment.settles:
        reason, of = "what nobody knew is in order again", deployment.settles
        return (draft(EnvironmentUnheld(reason, of), environment, actor),)
    return ()
