"""The backup step: saves the state before an apply."""

from __future__ import annotations

from terrace.ledger.events.steps import Detail
from terrace.pipelines.deploy.run import DeploymentRun
from terrace.pipelines.deploy.step_results import StepOutcome
from terrace.plans.ports import StateSnapshot
from terrace.stacks.model import Destruction
from terrace.states.backups import Moment


def backup(run: DeploymentRun, key: str) -> StepOutcome:
    """Saves the state that the fresh plan was made on, before anything changes."""
    fresh = run.fresh_plan(key)
    assert fresh is not None, "a backup requires a fresh plan"
    if not fresh.state.content:
        return StepOutcome("succeeded", "there is no state yet")
    last = isinstance(run.deployment.origin, Destruction)
    return save_backup(run, key, fresh.state, "final" if last else "before")


def save_backup(run: DeploymentRun, key: str, state: StateSnapshot, moment: Moment) -> StepOutcome:
    record = run.context.backups.save(
        run.deployment.environment,
        key,
        state,
        commit=run.deployment.commit,
        deployment=run.deployment.id,
        moment=moment,
    )
    detail = Detail(
        lineage=state.lineage,
        serial=state.serial,
        backup=record.original,
        state_sha256=record.sha256,
        key_id=record.key_id,
    )
    return StepOutcome("succeeded", f"serial {state.serial}", detail)
