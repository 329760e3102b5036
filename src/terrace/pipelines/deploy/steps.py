"""How each step of a stack is performed. One function a step; each returns how it ended and records nothing."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import UNSET

from terrace.assess.model import Objection, Weight
from terrace.checks.secrets.masking import concealed, without_secrets
from terrace.config.naming import shell_word
from terrace.drift.echo import echoes_in, echoes_of, without_echoes
from terrace.drift.model import Sighting
from terrace.drift.records import sighting_record
from terrace.drift.sightings import outside_alone, sightings
from terrace.errors import Interrupted, TerraceError, TerraformFailed
from terrace.gates.decide import rule_for
from terrace.ledger import folds
from terrace.ledger.deployment import Deployment, Step, StepRecord
from terrace.ledger.events.codec import fits
from terrace.ledger.events.steps import Detail, ObjectionRecord, PreparedRecord
from terrace.pipelines.deploy.ground import (
    ApplyEnd,
    ApplyFailed,
    ApplySucceeded,
    ApplyUnknown,
    Ended,
    Ground,
    InHand,
    attempt_of,
)
from terrace.pipelines.deploy.judging import judged
from terrace.pipelines.journal import plain
from terrace.pipelines.plan_only import reading
from terrace.pipelines.rollback.undoing import newer_lock_file, objections
from terrace.pipelines.states.known_states import creations_of, moved_state, recreated, wrong_state
from terrace.pipelines.states.left_states import never_had_state, unadopted
from terrace.pipelines.states.state_owners import owner_of
from terrace.plans.compare import differing
from terrace.plans.model import Action, Plan
from terrace.plans.prepared import NOT_REPRODUCIBLE_HINT, not_reproducible
from terrace.plans.terraform import Applier, Attempt, Evidence, Fate, Goal, Listener, RunOutcome, StateSnapshot
from terrace.plans.wording import deeds, notices, warning_sentence
from terrace.rollout.next_step import is_ahead
from terrace.stacks.backends import addresses
from terrace.stacks.model import Destruction, Undoing
from terrace.states.backups import Moment
from terrace.states.looks import UNWRITTEN
from terrace.states.removed_stacks import explanation
from terrace.states.standings import Bearings, changes_objects, lineages, standings, went_back
from terrace.states.state_file import objects

MOST_NOTICES = 50
"""How many notices of one plan the ledger keeps; `terrace plan` shows all of them."""


def plan(ground: Ground, key: str, attempt: str) -> Ended:
    """Plan a stack and read the state it was planned on.

    A plan that comes out differently on the same state each time it is made can never be the one that was approved:
    it is volatile, and fails here with the names of what differs. On a state that is gone, went back or was started
    anew nothing is planned at all.
    """
    foreign = _foreign_state(ground, key) if never_had_state(ground.history, key) else ""
    if foreign:
        return Ended("failed", foreign)
    if never_had_state(ground.history, key) and not isinstance(ground.deployment.origin, Destruction):
        # Never for a stack that has a state: where its workspace is gone, a new one would hide that.
        ground.crew.terraform.create_workspace(ground.site(key, "plan"))
    try:
        hand = _made(ground, key)
    except TerraformFailed as error:
        if _needs_newer_provider(ground, key, error):
            return plan(ground, key, attempt)
        if not is_ahead(ground.deployment, key):
            raise
        return Ended("succeeded", f"planned when its turn comes: {error.message}", Detail(later=True))
    if hand.plan.errored or not hand.plan.complete:
        return Ended(
            "failed", "Terraform could not plan everything: an incomplete plan is never applied", _facts(ground, hand)
        )
    moved = moved_state(ground.crew, ground.history, ground.landscape, ground.landscape.stack(key))
    wrong = wrong_state(ground.history, ground.deployment.environment, key, hand.state, moved)
    wrong = wrong or _of_another(ground, key, hand.state) or _of_nobody_known(ground, key, hand.state)
    wrong = wrong or _recreated(ground, key, hand.plan)
    if wrong:
        return Ended("failed", wrong, _facts(ground, hand))
    never = [one.attribute for one in hand.plan.moving if one.never_equal]
    settings = ground.crew.config.environment(ground.deployment.environment)
    if never and rule_for(settings, ground.deployment.origin).asked:
        # Before anybody is asked: no plan that is made later could be the one that was approved.
        return Ended("failed", _volatile(never), _facts(ground, hand))
    if _differs_from_before(ground.deployment, key, hand):
        again = _made(ground, key)
        if again.plan.digest != hand.plan.digest and again.state.serial == hand.state.serial:
            return Ended("failed", _volatile(differing(hand.plan, again.plan)), _facts(ground, again))
        hand = again
    ground.in_hand[attempt] = hand
    found = judged(ground.crew, ground.history, hand.plan)
    own = (*_found_state(ground, key, hand.state), *_made_differently(ground.deployment, key, hand))
    against = (*objections(ground, hand), *own, *found.objections)
    message = "; ".join([deeds(hand.plan) or "nothing to do", *(f"{one.address} {one.why}" for one in against)])
    against_it = Detail(objections=tuple(_objection(one) for one in against))
    return Ended("succeeded", message, _facts(ground, hand).merged(against_it).merged(found.detail()))


def _volatile(names: Sequence[str]) -> str:
    told = f"{', '.join(names[:5])}{', ...' if len(names) > 5 else ''}"
    return (
        f"volatile: each time it is planned, this differs: {told}; take it out of the configuration, or list it in "
        "`volatile: {allow: [ADDRESS.ATTRIBUTE]}` of the environment in terrace.yaml"
    )


def _recreated(ground: Ground, key: str, plan: Plan) -> str:
    """Whether the plan creates what a stack still holds that this commit does not have any more, and the way out.

    Alone, or with the other stacks of this deployment, as far as those are planned: the last of them sees all.
    """
    creations = ground.creations(key, creations_of(plan))
    environment = ground.deployment.environment
    found = recreated(ground.history, ground.landscape, environment, creations).get(key)
    return ". ".join(explanation(environment, key, found)) if found else ""


def _foreign_state(ground: Ground, key: str) -> str:
    """Why a stack that is new here is not planned at all: its state is another one's, or it has one elsewhere."""
    state = ground.crew.terraform.pull_state(ground.site(key, "plan"))
    foreign = _of_another(ground, key, state)
    if foreign:
        return foreign
    why, hint = unadopted(ground.crew, ground.landscape, ground.landscape.stack(key), state.content)
    return f"{why}: {hint}" if why else ""


def _of_another(ground: Ground, key: str, state: StateSnapshot) -> str:
    """Whose state it is, where it is not this stack's: what a plan on it would destroy belongs to that one."""
    if not state.lineage:
        return ""
    owners = lineages(ground.history).get(state.lineage, frozenset())
    owner, _ = owner_of(ground.crew, ground.history, ground.landscape, ground.landscape.stack(key), owners)
    if not owner:
        return ""
    return (
        f"the state that {key} names is the state of {owner} (lineage {state.lineage}): nothing of {key} is planned on"
        f" it; give {key} a backend address of its own"
    )


def _of_nobody_known(ground: Ground, key: str, state: StateSnapshot) -> str:
    """Why nothing is planned on a state of which neither its address nor the ledger says whose it is; "" where one of
    them does. A literal address is compared with those of all stacks; one that the environment completes may be that
    of any stack that Terrace never deployed."""
    number = objects(state.content) if state.content else 0
    if not number or key in standings(ground.history) or lineages(ground.history).get(state.lineage):
        return ""
    if any(one.last(Step.APPLY, key) is not None for one in folds.deployments(ground.history)):
        return ""
    stack = ground.landscape.stack(key)
    unclear = next((one for one in addresses(stack, ground.landscape.graph) if one.unknown), None)
    if unclear is None:
        return ""
    return (
        f"{key} is new here and its state holds {number} objects; neither its address ({unclear}) nor the ledger says"
        f" whose they are: if they are those of {key}, `terrace state adopt {shell_word(key)}`, else give it a literal"
        " address of its own"
    )


def _found_state(ground: Ground, key: str, state: StateSnapshot) -> tuple[Objection, ...]:
    """What is to be told about the state of a stack that was never applied here: it was another's, or has objects."""
    if key in standings(ground.history) or not state.content:
        return ()
    owners = lineages(ground.history).get(state.lineage, frozenset())
    _, former = owner_of(ground.crew, ground.history, ground.landscape, ground.landscape.stack(key), owners)
    number = objects(state.content)
    if former:
        why = f"was the state of {former}, which is gone at this commit: {former} was renamed"
    elif number:
        why = f"is not empty though the stack is new here: no deployment of this ledger made its {number} objects"
    else:
        return ()
    return (Objection("state", key, f"state of {key}", why, Weight.SAY),)


def _needs_newer_provider(ground: Ground, key: str, error: TerraformFailed) -> bool:
    """Whether going back fails because a newer provider wrote the state; then that one is kept from now on."""
    if key in ground.kept_locks or not isinstance(ground.deployment.origin, Undoing):
        return False
    folder = ground.landscape.stack(key).path
    newer = newer_lock_file(ground.crew, ground.deployment.live, folder, error)
    if newer:
        ground.kept_locks[key] = newer
    return bool(newer)


def _objection(one: Objection) -> ObjectionRecord:
    return ObjectionRecord(one.rule, one.address, one.why, one.weight.value)


def _made(ground: Ground, key: str, *, lock: bool = True) -> InHand:
    crew = ground.crew
    site = ground.site(key, "plan")
    goal = Goal.DESTROYED if isinstance(ground.deployment.origin, Destruction) else Goal.CONVERGED
    made = crew.terraform.plan(site, goal=goal, lock=lock, listener=crew.watcher.progress)
    ground.on_leaving(made.discard)
    # After the plan, not before: should the state move in between, applying this plan is refused as stale.
    state = crew.terraform.pull_state(site)
    return InHand(made, reading(crew, site, ground.deployment.commit, made), state)


def _differs_from_before(deployment: Deployment, key: str, hand: InHand) -> bool:
    """Whether the last plan of this stack was made on the very same state and is another one."""
    ended = [r for r in deployment.steps if r.step is Step.PLAN and r.stack == key and r.detail.digest is not UNSET]
    if not ended:
        return False
    last = ended[-1].detail
    same_state = (last.lineage, last.serial) == (hand.state.lineage, hand.state.serial)
    return same_state and last.digest != hand.plan.digest.value


def _made_differently(deployment: Deployment, key: str, hand: InHand) -> tuple[Objection, ...]:
    """The commands that made other files for this plan than for the last one, from the same source."""
    ended = [r for r in deployment.steps if r.step is Step.PLAN and r.stack == key and r.detail.prepared is not UNSET]
    before = {one.source: one.files for one in ended[-1].detail.prepared or ()} if ended else {}
    names = not_reproducible(hand.made.prepared, before)
    why = f"made other files for this plan than for the one before, from the same source: {NOT_REPRODUCIBLE_HINT}"
    return tuple(Objection("before-plan", key, f"the command `{name}`", why, Weight.SAY) for name in names)


def _facts(ground: Ground, hand: InHand) -> Detail:
    plan, commands = hand.plan, hand.made.prepared
    return Detail(
        digest=plan.digest.value,
        digest_key=plan.digest.key_id,
        empty=plan.is_empty,
        create=plan.count(Action.CREATE),
        update=plan.count(Action.UPDATE),
        replace=plan.count(Action.REPLACE),
        delete=plan.count(Action.DELETE),
        changes=tuple((change.action.value, change.address) for change in plan.effective),
        sightings=tuple(sighting_record(one) for one in _outside(ground, plan)),
        notices=_notices(plan) or UNSET,
        prepared=tuple(PreparedRecord(one.shown, one.source, one.digest) for one in commands) or UNSET,
        lineage=hand.state.lineage,
        serial=hand.state.serial,
        sha256=hand.made.sha256,
    )


def _notices(plan: Plan) -> tuple[str, ...]:
    """What approvers have to know beside the changes, as the ledger keeps it."""
    # The ledger is read by more people than the state, and nothing is ever taken out of it.
    return tuple(sentence for sentence in notices(concealed(plan))[:MOST_NOTICES] if fits(sentence))


def _outside(ground: Ground, plan: Plan) -> list[Sighting]:
    """What was changed outside: what a release changes is no drift, and neither is an echo of our own apply."""
    echoes = echoes_of(ground.history, plan.stack.environment, plan.stack.key)
    seen = without_echoes(sightings(plan), echoes)
    return [outside for one in seen if (outside := outside_alone(one)) is not None]


def backup(ground: Ground, key: str) -> Ended:
    """Save the state that the plan in hand was made on, before anything changes."""
    hand = ground.hand_for(key)
    assert hand is not None, "a backup is asked for only with a plan in hand"
    if not hand.state.content:
        return Ended("succeeded", "there is no state yet")
    last = isinstance(ground.deployment.origin, Destruction)
    return _save(ground, key, hand.state, "final" if last else "before")


def apply(ground: Ground, record: StepRecord) -> ApplyEnd:
    """Apply exactly the plan in hand through a runner that outlives us, or attach to the one that was started.

    Raises nothing but Interrupted and programming errors: whatever breaks says nothing of what the apply did.
    """
    attempt = attempt_of(ground.history, ground.deployment, record)
    applier, listener = ground.crew.applier, ground.crew.watcher.progress
    if record.attempt not in ground.prepared:
        return end_of_earlier(applier, attempt, listener)
    ground.prepared.discard(record.attempt)
    try:
        declined = applier.start(attempt, lambda: ground.objection(record))
    except Interrupted:
        raise
    except TerraceError as error:
        return _untold(error)
    if declined is not None:
        return ApplyFailed(f"{declined.reason}: nothing was applied", declined.evidence)
    return _end(applier, attempt, listener)


def end_of_earlier(applier: Applier, attempt: Attempt, listener: Listener | None = None) -> ApplyEnd:
    """How an attempt ended that a process of before began. It is never begun again."""
    try:
        # A runner that still waits for the word of a process that is gone must never start.
        if applier.withdraw(attempt):
            return _never_started()
    except TerraceError as error:
        return _untold(error)
    return _end(applier, attempt, listener)


def _end(applier: Applier, attempt: Attempt, listener: Listener | None) -> ApplyEnd:
    try:
        outcome = applier.wait(attempt, listener)
        if outcome is None and applier.withdraw(attempt):
            return _never_started()
        if outcome is None and applier.look(attempt) is Fate.UNKNOWN:
            return ApplyUnknown(
                "nothing on this machine proves what became of the apply: what it did is not known, and it is never "
                "run again"
            )
    except Interrupted:
        raise
    except TerraceError as error:
        return _untold(error)
    if outcome is None:
        return ApplyUnknown(
            "the apply died without a recorded end: what it did is not known, and it is never run again"
        )
    return _told(outcome)


def _told(outcome: RunOutcome) -> ApplyEnd:
    if outcome.unsaved_state is not None:
        return ApplyUnknown(
            f"the state could not be written to the backend; Terraform left it at {outcome.unsaved_state}: "
            "push it with `terraform state push` before anything else"
        )
    if outcome.code == 0 and not outcome.doubt:
        return ApplySucceeded(outcome.summary, _warned(outcome))
    if outcome.evidence is not None and not outcome.doubt:
        return ApplyFailed(outcome.summary, outcome.evidence)
    doubt = outcome.doubt or f"it ended with {outcome.code}, and nothing proves what it did"
    return ApplyUnknown(f"{doubt}; {outcome.summary}")


def _warned(outcome: RunOutcome) -> tuple[str, ...]:
    """What Terraform warned of while it applied, such as a `check` block that fails afterwards."""
    told = [warning_sentence(one) for one in outcome.diagnostics if one.severity == "warning"]
    return tuple(dict.fromkeys(without_secrets(one) for one in told if fits(one)))[:MOST_NOTICES]


def _never_started() -> ApplyEnd:
    return ApplyFailed("interrupted before it was started: nothing was applied", Evidence.PERMIT_WITHDRAWN)


def _untold(error: TerraceError) -> ApplyEnd:
    return ApplyUnknown(f"what became of it cannot be told: {error}")


def snapshot(ground: Ground, key: str) -> Ended:
    """Save the state as the apply left it, and keep its outputs."""
    state = ground.crew.terraform.pull_state(ground.site(key, "plan"))
    ground.outputs[key] = state
    lost = _lost(ground, key, state)
    if lost:
        # With the lineage and the serial: the state stays in doubt until a later one is seen or a person accepts it.
        return Ended("failed", lost, _bearings(state))
    if not state.content:
        return Ended("failed", "after the apply the backend holds no state")
    after = _planned_after(ground, key)
    if after is not None and _lost_updates(ground, key, state, after):
        return Ended("failed", UNWRITTEN, _bearings(state))
    ended = _save(ground, key, state, "after")
    outputs = {name: "(sensitive)" if o.sensitive else _shown(plain(o.value)) for name, o in state.outputs.items()}
    echoes = tuple(sighting_record(one) for one in _echoes(ground, key, after))
    return Ended(ended.result, ended.message, ended.detail.merged(Detail(outputs=outputs, echoes=echoes)))


def _lost(ground: Ground, key: str, state: StateSnapshot) -> str:
    """Why the state cannot be the one that the apply wrote, "" where it can be.

    It went back, or it is still the one that was planned on though objects were created or deleted. Where the apply did
    not succeed, its log tells what it did.
    """
    before, applied = _planned_on(ground, key), ground.deployment.last(Step.APPLY, key)
    if before is None or applied is None:
        return ""
    back = went_back(before, state.lineage, state.serial) if state.content else ""
    if back:
        return back
    return UNWRITTEN if _wrote(ground, key, applied) and not before.is_before(state.lineage, state.serial) else ""


def _wrote(ground: Ground, key: str, applied: StepRecord) -> bool:
    """Whether an apply wrote another state than the one that it was planned on, by what it created and deleted."""
    if applied.result == "succeeded":
        planned = ground.deployment.last(Step.PLAN, key)
        detail = planned.detail if planned is not None else Detail()
        return changes_objects(detail.create, detail.replace, detail.delete)
    try:
        left = ground.crew.applier.autopsy(attempt_of(ground.history, ground.deployment, applied))
    except Interrupted:
        raise
    except TerraceError:
        return False
    return left is not None and bool(left.created or left.destroyed)


def _planned_on(ground: Ground, key: str) -> Bearings | None:
    """The state that the newest plan of a stack was made on, as its record tells."""
    planned = ground.deployment.last(Step.PLAN, key)
    if planned is None or planned.detail.serial is UNSET:
        return None
    return Bearings(planned.detail.lineage or "", planned.detail.serial)


def _lost_updates(ground: Ground, key: str, state: StateSnapshot, after: Plan) -> bool:
    """Whether the state lacks updates that were made.

    It is still the one that was planned on, and Terraform has nothing to do any more for an object that was updated:
    the object is as it should be, and the state does not have it so. Where Terraform would do every update again, the
    provider may have changed nothing, which is no fault of the backend; but an object that is in the state alone
    (`terraform_data`) is updated by a write of the state and by nothing else.
    """
    before, planned = _planned_on(ground, key), ground.deployment.last(Step.PLAN, key)
    if before is None or planned is None or before.is_before(state.lineage, state.serial):
        return False
    again = {change.address: change for change in after.changes if change.action is Action.UPDATE}
    updated = [address for action, address in planned.detail.changes or () if action == Action.UPDATE.value]
    return any(address not in again or again[address].type == "terraform_data" for address in updated)


def _shown(value: object) -> object:
    """An output as the ledger keeps it; one that no event could hold must not stop what comes after an apply."""
    return value if fits(value) else "(too large)"


def _planned_after(ground: Ground, key: str) -> Plan | None:
    """A plan on what an apply left; None where the apply did not succeed, or where no plan can be made now."""
    applied, planned = ground.deployment.last(Step.APPLY, key), ground.deployment.last(Step.PLAN, key)
    destroys = isinstance(ground.deployment.origin, Destruction)
    if destroys or applied is None or planned is None or applied.result != "succeeded":
        return None
    try:
        return _made(ground, key, lock=False).plan
    except Interrupted:
        raise
    except TerraceError:
        return None


def _echoes(ground: Ground, key: str, after: Plan | None) -> tuple[Sighting, ...]:
    """What the apply left that will look like drift. Where no plan tells it now, a person is asked about it later."""
    planned = ground.deployment.last(Step.PLAN, key)
    if after is None or planned is None:
        return ()
    return echoes_in(after, [address for _, address in planned.detail.changes or ()])


def failure(error: TerraceError) -> Ended:
    """A step that broke, as its record will say it."""
    return Ended("failed", f"{error}" + (f" (hint: {error.hint})" if error.hint else ""))


def _save(ground: Ground, key: str, state: StateSnapshot, moment: Moment) -> Ended:
    record = ground.crew.backups.save(
        ground.deployment.environment,
        key,
        state,
        commit=ground.deployment.commit,
        deployment=ground.deployment.id,
        moment=moment,
    )
    detail = Detail(
        lineage=state.lineage,
        serial=state.serial,
        backup=record.original,
        state_sha256=record.sha256,
        key_id=record.key_id,
    )
    return Ended("succeeded", f"serial {state.serial}", detail)


def _bearings(state: StateSnapshot) -> Detail:
    return Detail(lineage=state.lineage, serial=state.serial)
