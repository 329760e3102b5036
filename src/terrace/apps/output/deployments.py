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
    done: Deployment | Refused,
    reacted: Reacted,
    kept: KeptPlans,
    *,
    situation: Situation | None,
    full: bool = False,
) -> None:
    """Prints the result of a deployment with its changes, the reaction to it, and the next command. `situation` is that
    of its environment afterwards; None where the deployment was refused.
    """
    if isinstance(done, Refused):
        show(gates_table(done.verdict))
        return None
    if _waited(done) and done.result == "succeeded" and not full:
        # Its changes were shown when it waited, and to each approver.
        show(deployment_tree(done))
        show(f"changes: terrace show {done.id}")
    else:
        show(deployment_tree(done, changes=planned_changes(kept, done), full=full))
    if isinstance(reacted, Pause):
        show(f"not rolling back automatically: {'; '.join(reacted.reasons)}")
    elif reacted is not None:
        show(f"{done.environment} failed, and terrace.yaml has `on_failure: rollback`:")
        return show_deployment_end(reacted, None, kept, situation=situation, full=full)
    if done.result == "failed" and done.touched:
        _show_applied(done)
    if situation is not None:
        for step in next_lines(situation):
            show(step)
    return None


def _waited(deployment: Deployment) -> bool:
    """Returns whether a deployment waited between a plan and the apply: it planned a stack again afterwards."""
    plans = [step.stack for step in deployment.steps if step.step is Step.PLAN]
    return len(plans) > len(set(plans))


def deployment_json(
    command: str,
    done: Deployment | Refused,
    reacted: Reacted = None,
    refusals: Mapping[str, Refusal] | None = None,
    kept: KeptPlans | None = None,
) -> DeploymentJson:
    """Returns the result of a deployment, and of the rollback that followed. `refusals` are stacks that are refused,
    `kept` has the plans to show."""
    if isinstance(done, Refused):
        return records.blocked_json(command, done.commit, done.verdict, refusals)
    if reacted is None:
        changes = planned_changes(kept, done) if kept is not None else None
        return records.deployment_json(command, done, refusals=refusals, changes=changes)
    if isinstance(reacted, Pause):
        rollback = FollowingRollback(result="paused", reasons=tuple(reacted.reasons))
    else:
        rollback = records.following_rollback(deployment_json("rollback", reacted))
    return records.deployment_json(command, done, rollback=rollback, refusals=refusals)


def waiting_handle(context: Context, done: Deployment | Refused) -> str:
    """Returns the hash of the pending plans; "" if none need an approval."""
    if isinstance(done, Refused) or set(done.waiting) <= {HANDED_OVER}:
        return ""
    return pending_handle(context.policy, context.ledger.read(), done.environment)


def note_uncommitted(missing: Iterable[Notice]) -> None:
    """Prints the files of the checkout that are missing in the planned commit, on stderr."""
    for notice in missing:
        note(f"note: {notice.message}")
        note(f"hint: {notice.hint}")


def _show_applied(done: Deployment) -> None:
    """Prints which stacks of a failed deployment were applied."""
    applied = [r.stack for r in done.steps if r.step is Step.APPLY and r.result == "succeeded"]
    left = [key for key in done.stacks if key not in applied]
    show(f"applied: {', '.join(applied) or 'no stack completely'}; not applied completely: {', '.join(left)}")
