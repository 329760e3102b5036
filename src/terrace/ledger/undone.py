"""The deployments between a release and the deployed one, which a rollback to it undoes."""

from __future__ import annotations

from terrace.ledger.deployment import Deployment, Step
from terrace.ledger.folds import of_environment
from terrace.ledger.model import History


def find_undone(history: History, target: Deployment) -> tuple[Deployment, ...]:
    """The deployments of its environment that were opened after a release and changed something, oldest first."""
    deployments = of_environment(history, target.environment)
    after = deployments[[d.id for d in deployments].index(target.id) + 1 :]
    return tuple(d for d in after if d.touched)


def find_created(undone: tuple[Deployment, ...], stack: str) -> frozenset[str]:
    """The addresses that plans of these deployments were to create in a stack, and that were applied."""
    created: set[str] = set()
    for deployment in undone:
        plan = None
        for record in deployment.steps:
            if record.stack != stack:
                continue
            if record.step is Step.PLAN:
                plan = record
            elif record.step is Step.APPLY and plan is not None:
                created |= {address for action, address in plan.detail.changes or () if action == "create"}
    return frozenset(created)
