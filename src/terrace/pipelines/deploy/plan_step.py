"""The plan step: plans one stack and decides whether the plan can be applied."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import UNSET

from terrace.assess.model import Objection, Weight
from terrace.checks.secrets.masking import mask_plan
from terrace.config.naming import quote_word
from terrace.drift.detection import find_drift, only_outside
from terrace.drift.model import ResourceDrift
from terrace.drift.own_changes import recorded_own_changes, without_own_changes
from terrace.drift.records import resource_drift_record
from terrace.errors import NotReady, TerraformFailed
from terrace.gates.approvals.gate import approval_rule
from terrace.ledger import folds
from terrace.ledger.deployment import Deployment, Step
from terrace.ledger.events.codec import fits
from terrace.ledger.events.steps import Detail, ObjectionRecord, PreparedRecord
from terrace.pipelines.deploy.plan_rules import evaluate
from terrace.pipelines.deploy.planned_changes import keep_plan
from terrace.pipelines.deploy.run import DeploymentRun, FreshPlan
from terrace.pipelines.deploy.step_results import (
    MOST_NOTICES,
    StepOutcome,
)
from terrace.pipelines.planning import reading
from terrace.pipelines.rollback.objections import newer_lock_file, objections
from terrace.pipelines.states.known_states import creations_of, find_recreated, moved_state, wrong_state
from terrace.pipelines.states.left_states import find_unadopted_state, has_no_known_state
from terrace.pipelines.states.state_owners import owner_of
from terrace.plans.before_plan_outputs import NOT_REPRODUCIBLE_HINT, not_reproducible
from terrace.plans.model import Action, Plan
from terrace.plans.ports import Goal, StateSnapshot
from terrace.plans.reproducibility import find_differences
from terrace.plans.summaries import describe_actions, notices
from terrace.rollout.next_step import is_ahead
from terrace.stacks.backends import backend_locations
from terrace.stacks.model import Destruction, Undoing
from terrace.states.backup_status import backup_statuses, lineages
from terrace.states.removed_stacks import explanation
from terrace.states.state_file import holds_nothing, objects

_UNLOCKED_PLANS = 3
"""Plans of one stack without a lock before a state that keeps changing is an error."""


def plan(run: DeploymentRun, key: str, attempt: str) -> StepOutcome:
    """Plans a stack and reads the state that the plan was made on.

    A plan that differs each time it is made on the same state can never be the approved one: it is volatile, and the
    step fails with the attributes that differ. On a state that is lost, older than before, or new, nothing is planned.
    """
    foreign = _foreign_state(run, key) if has_no_known_state(run.history, key) else ""
    if foreign:
        return StepOutcome("failed", foreign)
    may_write = run.context.reach == "apply"
    if may_write and has_no_known_state(run.history, key) and not isinstance(run.deployment.origin, Destruction):
        # Never for a stack that has a state: a new workspace would hide that the old one was deleted.
        run.context.terraform.create_workspace(run.site(key, "plan"))
    try:
        fresh = _plan_at_rest(run, key)
    except TerraformFailed as error:
        if _needs_newer_provider(run, key, error):
            return plan(run, key, attempt)
        if not is_ahead(run.deployment, key):
            raise
        return StepOutcome("succeeded", f"planned when its wave starts: {error.message}", Detail(later=True))
    if fresh.plan.errored or not fresh.plan.complete:
        return StepOutcome(
            "failed", "Terraform could not plan everything. An incomplete plan is never applied", _facts(run, fresh)
        )
    moved = moved_state(run.context, run.history, run.inventory, run.inventory.stack(key))
    wrong = wrong_state(run.history, run.deployment.environment, key, fresh.state, moved)
    wrong = wrong or _of_another(run, key, fresh.state) or _of_nobody_known(run, key, fresh.state)
    wrong = wrong or _why_recreated(run, key, fresh.plan)
    if wrong:
        return StepOutcome("failed", wrong, _facts(run, fresh))
    never = [attribute.attribute for attribute in fresh.plan.moving if attribute.never_equal]
    settings = run.context.config.environment(run.deployment.environment)
    if never and approval_rule(settings, run.deployment.origin).requires_any:
        # Before approvals are requested: no later plan could be the approved one.
        return StepOutcome("failed", _volatile(never), _facts(run, fresh))
    if _differs_from_before(run.deployment, key, fresh):
        again = _plan_at_rest(run, key)
        if again.plan.digest != fresh.plan.digest and again.state.serial == fresh.state.serial:
            return StepOutcome("failed", _volatile(find_differences(fresh.plan, again.plan)), _facts(run, again))
        fresh = again
    run.fresh_plans[attempt] = fresh
    findings = evaluate(run.context, run.history, fresh.plan)
    own = (*_found_state(run, key, fresh.state), *_find_different_files(run.deployment, key, fresh))
    against = (*objections(run, fresh), *own, *findings.objections)
    unkept = keep_plan(run.context, run.deployment, attempt, fresh.plan)
    message = "; ".join(
        [
            describe_actions(fresh.plan) or "no changes",
            *(f"{objection.address} {objection.why}" for objection in against),
        ]
    )
    against_it = Detail(objections=tuple(_objection(objection) for objection in against))
    facts = _facts(run, fresh, *([unkept] if unkept else []))
    return StepOutcome("succeeded", message, facts.merge(against_it).merge(findings.detail()))


def _volatile(names: Sequence[str]) -> str:
    listed = f"{', '.join(names[:5])}{', ...' if len(names) > 5 else ''}"
    return (
        f"volatile: these attributes differ in every plan: {listed}; remove them from the configuration, or "
        f"list them in `volatile: {{allow: [ADDRESS.ATTRIBUTE]}}` of the environment in terrace.yaml"
    )


def _why_recreated(run: DeploymentRun, key: str, plan: Plan) -> str:
    """Returns why the plan must not be applied: it creates what a stack that this commit removes still has; ""
    otherwise.

    Includes the other stacks of this deployment as far as they are planned: the last one covers all of them.
    """
    creations = run.creations(key, creations_of(plan))
    environment = run.deployment.environment
    recreation = find_recreated(run.history, run.inventory, environment, creations).get(key)
    return ". ".join(explanation(environment, key, recreation)) if recreation else ""


def _foreign_state(run: DeploymentRun, key: str) -> str:
    """Returns why a new stack is not planned: its state belongs to another stack, or is somewhere else; ""
    otherwise."""
    state = run.context.terraform.pull_state(run.site(key, "plan"))
    foreign = _of_another(run, key, state)
    if foreign:
        return foreign
    why, hint = find_unadopted_state(run.context, run.inventory, run.inventory.stack(key), state.content)
    return f"{why}: {hint}" if why else ""


def _of_another(run: DeploymentRun, key: str, state: StateSnapshot) -> str:
    """Returns why the state belongs to another stack, whose resources a plan would destroy; "" where it does not."""
    if not state.lineage:
        return ""
    owners = lineages(run.history).get(state.lineage, frozenset())
    owner, _ = owner_of(run.context, run.history, run.inventory, run.inventory.stack(key), owners)
    if not owner:
        return ""
    return (
        f"the state that {key} uses is the state of {owner} (lineage {state.lineage}), so {key} is not "
        f"planned. Give {key} its own backend address"
    )


def _of_nobody_known(run: DeploymentRun, key: str, state: StateSnapshot) -> str:
    """Returns why a state is not planned on: neither its address nor the ledger identifies its stack; "" where one
    does.

    A literal address is compared with those of all stacks. An address that environment variables complete may be that
    of a stack that Terrace never deployed.
    """
    number = objects(state.content) if state.content else 0
    if not number or key in backup_statuses(run.history) or lineages(run.history).get(state.lineage):
        return ""
    if any(deployment.last(Step.APPLY, key) is not None for deployment in folds.deployments(run.history)):
        return ""
    stack = run.inventory.stack(key)
    unclear = next((location for location in backend_locations(stack, run.inventory.graph) if location.unknown), None)
    if unclear is None:
        return ""
    return (
        f"{key} is new here and its state has {number} resources; neither its address ({unclear}) nor the "
        f"ledger identifies their owner. If they are those of {key}, run `terrace state adopt "
        f"{quote_word(key)}`; otherwise give it a literal backend address"
    )


def _found_state(run: DeploymentRun, key: str, state: StateSnapshot) -> tuple[Objection, ...]:
    """Returns what approvers need to know about the state of a stack that was never applied here."""
    if key in backup_statuses(run.history) or not state.content:
        return ()
    owners = lineages(run.history).get(state.lineage, frozenset())
    _, former = owner_of(run.context, run.history, run.inventory, run.inventory.stack(key), owners)
    number = objects(state.content)
    if former:
        why = f"was the state of {former}, which no longer exists at this commit: {former} was renamed"
    elif number:
        why = (
            f"is not empty although the stack is new here: no deployment of this ledger created its {number} resources"
        )
    else:
        return ()
    return (Objection("state", key, f"state of {key}", why, Weight.SAY),)


def _needs_newer_provider(run: DeploymentRun, key: str, error: TerraformFailed) -> bool:
    """Returns whether a rollback fails because a newer provider wrote the state; then keeps that provider from now
    on."""
    if key in run.kept_locks or not isinstance(run.deployment.origin, Undoing):
        return False
    folder = run.inventory.stack(key).path
    newer = newer_lock_file(run.context, run.deployment.live, folder, error)
    if newer:
        run.kept_locks[key] = newer
    return bool(newer)


def _objection(objection: Objection) -> ObjectionRecord:
    return ObjectionRecord(objection.rule, objection.address, objection.why, objection.weight.value)


def _differs_from_before(deployment: Deployment, key: str, fresh: FreshPlan) -> bool:
    """Returns whether the previous plan of this stack was made on the very same state and differs."""
    ended = [r for r in deployment.steps if r.step is Step.PLAN and r.stack == key and r.detail.digest is not UNSET]
    if not ended:
        return False
    last = ended[-1].detail
    same_state = (last.lineage, last.serial) == (fresh.state.lineage, fresh.state.serial)
    return same_state and last.digest != fresh.plan.digest.value


def _find_different_files(deployment: Deployment, key: str, fresh: FreshPlan) -> tuple[Objection, ...]:
    """Returns the commands that created other files for this plan than for the previous one, from the same source."""
    ended = [r for r in deployment.steps if r.step is Step.PLAN and r.stack == key and r.detail.prepared is not UNSET]
    before = {command.source: command.files for command in ended[-1].detail.prepared or ()} if ended else {}
    names = not_reproducible(fresh.made.prepared, before)
    why = f"created other files for this plan than for the previous one, from the same source: {NOT_REPRODUCIBLE_HINT}"
    return tuple(Objection("before-plan", key, f"the command `{name}`", why, Weight.SAY) for name in names)


def _facts(run: DeploymentRun, fresh: FreshPlan, *more: str) -> Detail:
    """Returns what the ledger records about a plan; `more` are further notices."""
    plan, commands = fresh.plan, fresh.made.prepared
    return Detail(
        digest=plan.digest.value,
        digest_key=plan.digest.key_id,
        empty=plan.is_empty,
        create=plan.count(Action.CREATE),
        update=plan.count(Action.UPDATE),
        replace=plan.count(Action.REPLACE),
        delete=plan.count(Action.DELETE),
        changes=tuple((change.action.value, change.address) for change in plan.effective),
        sightings=tuple(resource_drift_record(resource) for resource in _outside(run, plan)),
        notices=(*more, *_notices(plan))[:MOST_NOTICES] or UNSET,
        prepared=tuple(PreparedRecord(command.shown, command.source, command.digest) for command in commands) or UNSET,
        lineage=fresh.state.lineage,
        serial=fresh.state.serial,
        new_state=True if _is_new(run, plan.stack.key, fresh.state) else UNSET,
        sha256=fresh.made.sha256,
    )


def _is_new(run: DeploymentRun, key: str, state: StateSnapshot) -> bool:
    return bool(state.content) and has_no_known_state(run.history, key) and holds_nothing(state.content)


def _notices(plan: Plan) -> tuple[str, ...]:
    """Returns what approvers have to know in addition to the changes, as the ledger records it."""
    # More people can read the ledger than the state, and nothing is ever removed from it.
    return tuple(sentence for sentence in notices(mask_plan(plan))[:MOST_NOTICES] if fits(sentence))


def _outside(run: DeploymentRun, plan: Plan) -> list[ResourceDrift]:
    """Returns the changes from outside. A release's own changes are not drift, nor are those of Terrace's own
    applies."""
    echoes = recorded_own_changes(run.history, plan.stack.environment, plan.stack.key)
    drift = without_own_changes(find_drift(plan), echoes)
    return [outside for resource in drift if (outside := only_outside(resource)) is not None]


def _plan_at_rest(run: DeploymentRun, key: str) -> FreshPlan:
    """Plans on a state that does not change during the plan. Raises NotReady if it keeps changing.

    A run that may apply locks the state. One that may not apply cannot write in the backend, so it compares the state
    from before the plan with the state from after it.
    """
    if run.context.reach == "apply":
        return make_plan(run, key)
    for _ in range(_UNLOCKED_PLANS):
        before = run.context.terraform.pull_state(run.site(key, "plan"))
        fresh = make_plan(run, key, lock=False)
        if (before.lineage, before.serial) == (fresh.state.lineage, fresh.state.serial):
            return fresh
    raise NotReady(
        f"the state of {key} changed during each of {_UNLOCKED_PLANS} plans: another process is applying to it",
        hint="wait until it has finished, then run the command again",
    )


def make_plan(run: DeploymentRun, key: str, *, lock: bool = True) -> FreshPlan:
    context = run.context
    site = run.site(key, "plan")
    goal = Goal.DESTROYED if isinstance(run.deployment.origin, Destruction) else Goal.CONVERGED
    made_plan = context.terraform.plan(site, goal=goal, lock=lock, listener=context.watcher.progress)
    run.on_leaving(made_plan.discard)
    # After the plan, not before: if the state changes in between, Terraform refuses to apply this plan as stale.
    state = context.terraform.pull_state(site)
    return FreshPlan(made_plan, reading(context, site, run.deployment.commit, made_plan), state)


def state_position(state: StateSnapshot) -> Detail:
    return Detail(lineage=state.lineage, serial=state.serial)
