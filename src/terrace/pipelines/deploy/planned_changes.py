"""Keeps the plan of a plan step for those who approve it, and finds it again."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import UNSET

from terrace.checks.secrets.masking import mask_plan
from terrace.errors import Interrupted, TerraceError
from terrace.ledger.deployment import Deployment, Step
from terrace.pipelines.context import Context
from terrace.plans.kept_plans import KEPT_DAYS, KeptPlans, PlanName, PlannedChanges, reduce
from terrace.plans.model import Plan


def keep_plan(context: Context, deployment: Deployment, attempt: str, plan: Plan) -> str:
    """Keeps a plan without its secrets. Returns why approvers will not see its values; "" where they will.

    A store that cannot be reached fails no deployment.
    """
    if plan.is_empty:
        return ""
    try:
        context.kept_plans.keep(PlanName(deployment.environment, deployment.id, attempt), reduce(mask_plan(plan)))
    except Interrupted:
        raise
    except TerraceError as error:
        return f"the values of this plan could not be kept for approvers: {error.message}"
    return ""


def planned_changes(archive: KeptPlans, deployment: Deployment) -> PlannedChanges:
    """Returns the newest plan of every stack of a deployment, as far as it is kept."""
    plans: dict[str, Plan] = {}
    missing: dict[str, str] = {}
    for key in deployment.stacks:
        step = deployment.last(Step.PLAN, key)
        if step is None or step.detail.digest is UNSET or step.detail.empty:
            continue
        try:
            plan = archive.find(PlanName(deployment.environment, deployment.id, step.attempt))
        except Interrupted:
            raise
        except TerraceError as error:
            missing[key] = error.message
            continue
        if plan is None:
            missing[key] = f"they are not kept here: plans are kept for {KEPT_DAYS} days where the backups are"
        elif plan.digest.value != step.detail.digest:
            # Only the plan with this digest is approved and applied.
            missing[key] = "the kept plan has another digest than the one in the ledger"
        else:
            plans[key] = plan
    return PlannedChanges(plans, missing)


def changes_of(archive: KeptPlans, deployments: Iterable[Deployment]) -> PlannedChanges:
    """Returns the plans of several deployments of different environments together."""
    plans: dict[str, Plan] = {}
    missing: dict[str, str] = {}
    for deployment in deployments:
        changes = planned_changes(archive, deployment)
        plans |= changes.plans
        missing |= changes.missing
    return PlannedChanges(plans, missing)
