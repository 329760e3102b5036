"""The result of a deployment, as text and as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from terrace.apps.output.console import note, show
from terrace.gates.deployment import HANDED_OVER
from terrace.ledger.deployment import Deployment, Step
from terrace.pipelines.approvals.pending import pending_handle
from terrace.pipelines.deploy.lifecycle import Refused
from terrace.pipelines.deploy.planned_changes import planned_changes
from terrace.report.json import deployments as records
from terrace.report.json.deployments import DeploymentJson, FollowingRollback
from terrace.report.terminal.deployments import deployment_tree, gates_table
from terrace.report.terminal.situation import next_lines
from terrace.rollout.automatic_rollback import Pause
from terrace.rollout.situation import Situation
from terrace.stacks.model import Notice

if TYPE_CHECKING:
    from terrace.pipelines.context import Context
    from terrace.plans.kept_plans import KeptPlans
    from terrace.stacks.refusals import Refusal

Reacted = Deployment | Refused | Pause | None
"""The reaction to the end of a deployment."""


def show_deployment_end(
    deployment: Deployment | Refused,
    reaction: Reacted,
    plans: KeptPlans,
    *,
    situation: Situation | None,
    full: bool = False,
) -> None:
    """Prints the result of a deployment with its changes, the reaction to it, and the next command. `situation` is that
    of its environment afterwards; None where the deployment was refused.
    """
    if isinstance(deployment, Refused):
        show(gates_table(deployment.verdict))
        return None
    if _was_planned_again(deployment) and deployment.result == "succeeded" and not full:
        # Its changes were shown when it waited, and to each approver.
        show(deployment_tree(deployment))
        show(f"changes: terrace show {deployment.id}")
    else:
        show(deployment_tree(deployment, changes=planned_changes(plans, deployment), full=full))
    if isinstance(reaction, Pause):
        show(f"not rolling back automatically: {'; '.join(reaction.reasons)}")
    elif reaction is not None:
        show(f"{deployment.environment} failed, and terrace.yaml has `on_failure: rollback`:")
        return show_deployment_end(reaction, None, plans, situation=situation, full=full)
    if deployment.result == "failed" and deployment.touched:
        _show_applied(deployment)
    if situation is not None:
        for step in next_lines(situation):
            show(step)
    return None


def _was_planned_again(deployment: Deployment) -> bool:
    """Returns whether a deployment waited between a plan and the apply: it planned a stack again afterwards."""
    plans = [step.stack for step in deployment.steps if step.step is Step.PLAN]
    return len(plans) > len(set(plans))


def deployment_json(
    command: str,
    deployment: Deployment | Refused,
    reaction: Reacted = None,
    refusals: Mapping[str, Refusal] | None = None,
    plans: KeptPlans | None = None,
) -> DeploymentJson:
    """Returns the result of a deployment, and of the rollback that followed. `refusals` are stacks that are refused,
    `plans` has the plans to show."""
    if isinstance(deployment, Refused):
        return records.blocked_json(command, deployment.commit, deployment.verdict, refusals)
    if reaction is None:
        changes = planned_changes(plans, deployment) if plans is not None else None
        return records.deployment_json(command, deployment, refusals=refusals, changes=changes)
    if isinstance(reaction, Pause):
        rollback = FollowingRollback(result="paused", reasons=tuple(reaction.reasons))
    else:
        rollback = records.following_rollback(deployment_json("rollback", reaction))
    return records.deployment_json(command, deployment, rollback=rollback, refusals=refusals)


def waiting_handle(context: Context, deployment: Deployment | Refused) -> str:
    """Returns the hash of the pending plans; "" if none need an approval."""
    if isinstance(deployment, Refused) or set(deployment.waiting) <= {HANDED_OVER}:
        return ""
    return pending_handle(context.policy, context.ledger.read(), deployment.environment)


def note_uncommitted(missing: Iterable[Notice]) -> None:
    """Prints the files of the checkout that are missing in the planned commit, on stderr."""
    for notice in missing:
        note(f"note: {notice.message}")
        note(f"hint: {notice.hint}")


def _show_applied(deployment: Deployment) -> None:
    """Prints which stacks of a failed deployment were applied."""
    applied = [r.stack for r in deployment.steps if r.step is Step.APPLY and r.result == "succeeded"]
    remaining = [key for key in deployment.stacks if key not in applied]
    show(f"applied: {', '.join(applied) or 'no stack completely'}; not applied completely: {', '.join(remaining)}")
