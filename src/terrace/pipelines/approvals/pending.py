"""The pending deployment of an environment, and what a decision about it is bound to, as the ledger has them."""

from __future__ import annotations

from collections.abc import Iterable

from terrace.gates.approvals.plan_handle import handle
from terrace.gates.model import Subject
from terrace.ledger import folds
from terrace.ledger.deployment import Deployment, StepRecord
from terrace.ledger.model import History
from terrace.rollout.next_step import plans_awaiting_consent


def find_pending(policy: str, history: History, environment: str) -> tuple[Deployment, tuple[Subject, ...]] | None:
    """Returns the pending deployment of an environment and what a decision is bound to; None where nothing is
    pending."""
    deployment = folds.latest(history, environment)
    if deployment is None or not deployment.open or not deployment.waiting:
        return None
    bound = subjects(policy, history, deployment, plans_awaiting_consent(deployment))
    return (deployment, bound) if bound else None


def pending_handle(policy: str, history: History, environment: str) -> str:
    """Returns the handle of the pending plans of an environment; "" where nothing is pending."""
    pending = find_pending(policy, history, environment)
    return handle(pending[0].id, pending[1]) if pending is not None else ""


def subjects(policy: str, history: History, deployment: Deployment, plans: Iterable[StepRecord]) -> tuple[Subject, ...]:
    """Returns what an approval of these plans binds to, under this version of the rules; empty plans need none."""
    return tuple(
        Subject(
            ledger=history.ledger_id,
            environment=deployment.environment,
            stack=record.stack,
            commit=deployment.commit,
            digest=record.detail.digest or "",
            policy=policy,
            # A run without the right to write plans before the workspace exists: its approval must hold afterwards.
            lineage="" if record.detail.new_state is True else record.detail.lineage or "",
        )
        for record in plans
        if not record.detail.empty
    )
