"""The snapshot step: saves the state that an apply wrote, and detects a state that the backend lost."""

from __future__ import annotations

from msgspec import UNSET

from terrace.drift.detection import changed_paths
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

_CHANGES = frozenset({Action.CREATE, Action.UPDATE, Action.REPLACE, Action.DELETE})


def snapshot(run: DeploymentRun, key: str) -> StepOutcome:
    """Saves the state after the apply, and keeps its outputs."""
    state = run.context.terraform.pull_state(run.site(key, "plan"))
    run.outputs[key] = state
    position = state_position(state)
    # A failed step keeps lineage and serial: the state is in doubt until a later one is read or a person accepts it.
    back = _went_back(run, key, state)
    if back:
        return StepOutcome("failed", back, position)
    after = _planned_after(run, key)
    if not _has_changes(run, key, state, after):
        return StepOutcome("failed", UNWRITTEN, position)
    if not state.content:
        return StepOutcome("failed", "the backend has no state after the apply")
    ended = save_backup(run, key, state, "after")
    outputs = {
        name: "(sensitive)" if o.sensitive else _output_value(plain(o.value)) for name, o in state.outputs.items()
    }
    echoes = tuple(resource_drift_record(echo) for echo in _echoes(run, key, after))
    return StepOutcome(ended.result, ended.message, ended.detail.merge(Detail(outputs=outputs, echoes=echoes)))


def _went_back(run: DeploymentRun, key: str, state: StateSnapshot) -> str:
    """Returns why the state is older than the one that was planned on; "" where it is not."""
    before = _planned_state(run, key)
    return went_back(before, state.lineage, state.serial) if before is not None and state.content else ""


def _has_changes(run: DeploymentRun, key: str, state: StateSnapshot, after: Plan | None) -> bool:
    """Returns whether the state can have the changes of the apply. `after` is a plan made after it.

    A newer state than the planned one has them. Terraform writes no new state where the apply only undid what was
    changed outside: then the resources do not differ from the state, and no plan changes them. For an apply that did
    not succeed, its log shows its changes.
    """
    before, applied = _planned_state(run, key), run.deployment.last(Step.APPLY, key)
    if before is None or applied is None or before.is_before(state.lineage, state.serial):
        return True
    planned = run.deployment.last(Step.PLAN, key)
    if planned is None or after is None:
        return not _wrote(run, key, applied)
    return not _lacks_changes(planned.detail, after)


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


def _planned_state(run: DeploymentRun, key: str) -> StateVersion | None:
    """Returns the state that the newest plan of a stack was made on, as its record has it."""
    planned = run.deployment.last(Step.PLAN, key)
    if planned is None or planned.detail.serial is UNSET:
        return None
    return StateVersion(planned.detail.lineage or "", planned.detail.serial)


def _lacks_changes(planned: Detail, after: Plan) -> bool:
    """Returns whether the planned state lacks changes of the apply that this plan followed.

    A resource that differs from the state, or that Terraform would create, replace or delete again, was changed and the
    state does not have it. If Terraform would do an update again, the provider may have changed nothing, which is not a
    problem of the backend; but a resource that exists only in the state (`terraform_data`) is updated by nothing but a
    write of the state.
    """
    differs = {c.address for c in after.drift if c.action is Action.DELETE or changed_paths(c)}
    again = {change.address: change for change in after.changes if change.action in _CHANGES}

    def lacks(action: str, address: str) -> bool:
        change = again.get(address)
        if change is None:
            return address in differs
        if action == Action.UPDATE.value and change.action is Action.UPDATE:
            return change.type == "terraform_data"
        return True

    made = {action.value for action in _CHANGES}
    return any(lacks(action, address) for action, address in planned.changes or () if action in made)


def _output_value(value: object) -> object:
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
