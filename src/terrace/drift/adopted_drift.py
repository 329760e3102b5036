"""Drift that applies adopted into the state: no later plan shows it, so the ledger has to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from terrace.drift.acknowledgements import Acknowledgement, acknowledgements, find_acknowledgement
from terrace.drift.model import ResourceDrift
from terrace.drift.records import resources_of
from terrace.ledger import folds
from terrace.ledger.deployment import Deployment, Step, StepRecord
from terrace.ledger.model import History


@dataclass(frozen=True, slots=True)
class Absorption:
    """A difference that the apply of a deployment wrote into the state, and who acknowledged it, if anyone."""

    resource: ResourceDrift
    deployment: str
    at: datetime
    acknowledged: Acknowledgement | None


def find_absorptions(history: History, environment: str) -> tuple[Absorption, ...]:
    """Returns the security-related drift that was adopted and not changed by a deployment since, oldest first."""
    acknowledged = acknowledgements(history, environment)
    absorptions: dict[tuple[str, str], Absorption] = {}
    for deployment in folds.of_environment(history, environment):
        for record, plan in _find_applies(deployment):
            for _, address in plan.detail.changes or ():
                absorptions.pop((record.stack, address), None)
            for resource in plan_absorptions(plan):
                who = find_acknowledgement(acknowledged, resource, resource.kept)
                at = record.ended_at or record.began_at
                absorptions[(record.stack, resource.address)] = Absorption(resource, deployment.id, at, who)
    return tuple(absorptions.values())


def plan_absorptions(plan: StepRecord) -> tuple[ResourceDrift, ...]:
    """Returns the security-related drift that applying a plan would adopt."""
    resources = resources_of(plan.stack, plan.detail.sightings or ())
    return tuple(resource for resource in resources if resource.grave)


def _find_applies(deployment: Deployment) -> list[tuple[StepRecord, StepRecord]]:
    """Yields the applies that may have written a state, each with the plan that it applied."""
    applied = []
    for index, record in enumerate(deployment.steps):
        if record.step is Step.APPLY and record.result is not None:
            before = [r for r in deployment.steps[:index] if r.step is Step.PLAN and r.stack == record.stack]
            if before:
                applied.append((record, before[-1]))
    return applied
