"""The snapshot step: saves the state that an apply wrote, and detects a state that the backend lost."""

from __future__ import annotations

from msgspec import UNSET

from terrace.drift.model import ResourceDrift
from terrace.drift.own_changes import find_own_changes
from terrace.drift.records import resource_drift_record
from terrace.errors import Interrupted, TerraceError
from terrace.ledger.deployment import Step, StepRecord
from terrace.ledger.events.codec import fits
from terrace.ledger.events.steps import Detail
from terrace.pipelines.deploy.apply_step import attempt_of
from terrace.pipelines.deploy.backup_step import save_backup
from terrace.pipelines.deploy.plan_step import make_plan, state_position
from terrace.pipelines.deploy.run import DeploymentRun
from terrace.pipelines.deploy.step_results import StepOutcome
from terrace.pipelines.journal import plain
from terrace.plans.model import Action, Plan
from terrace.plans.ports import StateSnapshot
from terrace.stacks.model import Destruction
from terrace.states.backup_status import StateVersion, changes_objects, went_back
from terrace.states.state_checks import UNWRITTEN


def snapshot(run: DeploymentRun, key: str) -> StepOutcome:
    """Saves the state after the apply, and keeps its outputs."""
    state = run.context.terraform.pull_state(run.site(key, "plan"))
    run.outputs[key] = state
    lost = _lost(run, key, state)
    if lost:
        # With lineage and serial: the state stays in doubt until a later one is read or a person accepts it.
        return StepOutcome("failed", lost, state_position(state))
    if not state.content:
        return StepOutcome("failed", "the backend has no state after the apply")
    after = _planned_after(run, key)
    if after is not None and _lost_updates(run, key, state, after):
        return StepOutcome("failed", UNWRITTEN, state_position(state))
    ended = save_backup(run, key, state, "after")
    outputs = {name: "(sensitive)" if o.sensitive else _shown(plain(o.value)) for name, o in state.outputs.items()}
    echoes = tuple(resource_drift_record(echo) for echo in _echoes(run, key, after))
    return StepOutcome(ended.result, ended.message, ended.detail.merge(Detail(outputs=outputs, echoes=echoes)))


def _lost(run: DeploymentRun, key: str, state: StateSnapshot) -> str:
    """Returns why the state cannot be the one that the apply wrote; "" where it can be.

    It is older, or still the one that was planned on although resources were created or deleted. For an apply that did
    not succeed, its log shows its changes.
    """
    before, applied = _planned_on(run, key), run.deployment.last(Step.APPLY, key)
    if before is None or applied is None:
        return ""
    back = went_back(before, state.lineage, state.serial) if state.content else ""
    if back:
        return back
    return UNWRITTEN if _wrote(run, key, applied) and not before.is_before(state.lineage, state.serial) else ""


def _wrote(run: DeploymentRun, key: str, applied: StepRecord) -> bool:
    """Returns whether an apply wrote another state than the planned one, by the resources that it created and
    deleted."""
    if applied.result == "succeeded":
        planned = run.deployment.last(Step.PLAN, key)
        detail = planned.detail if planned is not None else Detail()
        return changes_objects(detail.create, detail.replace, detail.delete)
    try:
        leftovers = run.context.applier.autopsy(attempt_of(run.history, run.deployment, applied))
    except Interrupted:
        raise
    except TerraceError:
        return False
    return leftovers is not None and bool(leftovers.created or leftovers.destroyed)


def _planned_on(run: DeploymentRun, key: str) -> StateVersion | None:
    """Returns the state that the newest plan of a stack was made on, as its record has it."""
    planned = run.deployment.last(Step.PLAN, key)
    if planned is None or planned.detail.serial is UNSET:
        return None
    return StateVersion(planned.detail.lineage or "", planned.detail.serial)


def _lost_updates(run: DeploymentRun, key: str, state: StateSnapshot, after: Plan) -> bool:
    """Returns whether the state lacks updates that were made.

    It is still the planned one, and an updated resource that Terraform would not update again differs from it. If it
    does not differ, the update changed the resource back to what the state has, as a remediation does: Terraform then
    writes no new state. If Terraform would do every update again, the provider may have changed nothing, which is not a
    problem of the backend; but a resource that exists only in the state (`terraform_data`) is updated by nothing but a
    write of the state.
    """
    before, planned = _planned_on(run, key), run.deployment.last(Step.PLAN, key)
    if before is None or planned is None or before.is_before(state.lineage, state.serial):
        return False
    again = {change.address: change for change in after.changes if change.action is Action.UPDATE}
    updated = [address for action, address in planned.detail.changes or () if action == Action.UPDATE.value]
    differs = {change.address for change in after.drift}
    return any(
        again[address].type == "terraform_data" if address in again else address in differs for address in updated
    )


def _shown(value: object) -> object:
    """Returns an output as the ledger keeps it. One that no event can hold must not stop the steps after an apply."""
    return value if fits(value) else "(too large)"


def _planned_after(run: DeploymentRun, key: str) -> Plan | None:
    """Returns a plan after the apply; None where the apply did not succeed, or where no plan can be made now."""
    applied, planned = run.deployment.last(Step.APPLY, key), run.deployment.last(Step.PLAN, key)
    destroys = isinstance(run.deployment.origin, Destruction)
    if destroys or applied is None or planned is None or applied.result != "succeeded":
        return None
    try:
        return make_plan(run, key, lock=False).plan
    except Interrupted:
        raise
    except TerraceError:
        return None


def _echoes(run: DeploymentRun, key: str, after: Plan | None) -> tuple[ResourceDrift, ...]:
    """Returns what the apply left that will look like drift. Without a plan now, people acknowledge it later."""
    planned = run.deployment.last(Step.PLAN, key)
    if after is None or planned is None:
        return ()
    return find_own_changes(after, [address for _, address in planned.detail.changes or ()])
