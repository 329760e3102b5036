"""Recovery of a deployment with an unknown outcome: examines and secures the leftovers, and completes them by a fresh
plan.

Nothing is ever run again. Each part can be repeated: after a crash at any point the next call examines everything again
and continues.
"""

from __future__ import annotations

from dataclasses import dataclass

from terrace.errors import BadInput, StateLock, TerraceError
from terrace.ledger import folds
from terrace.ledger.deployment import Deployment, StepRecord
from terrace.ledger.dismissals import describe_faults as sentence
from terrace.ledger.dismissals import way_out
from terrace.ledger.events.deployments import RecoveryBegun, RemainsRecord
from terrace.ledger.model import Draft, History, draft
from terrace.pipelines.context import Context
from terrace.pipelines.deploy.apply_step import attempt_of
from terrace.pipelines.deploy.deploy import enter
from terrace.pipelines.deploy.gate_facts import find_unread_events, insist_on_readable
from terrace.pipelines.deploy.lifecycle import Opening, Refused
from terrace.pipelines.journal import append
from terrace.pipelines.planning import site_in
from terrace.pipelines.recovery.attestations import answers, apply_attestations, attest, required_people, unproven_note
from terrace.pipelines.states.known_states import wrong_state
from terrace.plans.ports import Fate, LoggedLeftovers, Site, StateSnapshot
from terrace.rollout.recovery import StackRecovery, Statements, creations, is_ours, plan_recovery
from terrace.stacks.additions import Additions
from terrace.stacks.model import AutomaticRollback, Destruction, Origin, Recovery, Rollback, Undoing
from terrace.states.restore_rules import LATER_APPLY
from terrace.states.state_file import read_state, resources_by_address


@dataclass(frozen=True, slots=True)
class UnknownApply:
    """One stack whose apply has an unknown outcome. `alive` is why it may still run, "" when it is proven terminated.

    `lock` is who holds its state lock now, `ours` whether that was the terminated attempt. `unsaved` is the state that
    it could not write, where that belongs in the place of the current one. `wrong` is why the state cannot be the one
    that the apply was planned on or wrote, "" where it can. `unlisted`: the ledger does not list everything that the
    plan would create, so that no one can be asked about each resource.
    """

    stack: str
    attempt: str
    alive: str
    state: StateSnapshot
    recovery: StackRecovery
    lock: StateLock | None
    ours: bool
    unsaved: StateSnapshot | None
    unlisted: bool = False
    wrong: str = ""


@dataclass(frozen=True, slots=True)
class Examination:
    """Everything that is known about a deployment with an unknown outcome. It can be recovered when `obstacles` is
    empty.

    `agreed` are addresses that may be created again although they were found. `unread` describes the invalid events of
    the ledger that put the environment on hold, with the fix.
    """

    deployment: Deployment
    remains: tuple[UnknownApply, ...]
    agreed: frozenset[str] = frozenset()
    unread: str = ""

    @property
    def obstacles(self) -> tuple[str, ...]:
        """The open questions, each with the way to resolve it."""
        questions = [self.unread] if self.unread else []
        for apply in self.remains:
            if apply.alive:
                questions.append(f"{apply.stack}: {apply.alive}")
            if apply.wrong:
                questions.append(
                    f"{apply.stack}: {apply.wrong}. A restore needs --accept {LATER_APPLY}; afterwards this command "
                    "asks about everything that the interrupted apply would have created"
                )
            questions += [
                f"{apply.stack}: {address} may exist. Search for it in the cloud, then pass --import '{address}=ID' "
                f"or --absent '{address}'"
                for address in apply.recovery.open
            ]
            questions += [
                f"{apply.stack}: {address} is in the state, but its creation was interrupted. Check it in the "
                f"cloud, then pass --whole '{address}', or taint it to replace it"
                for address in apply.recovery.unfinished
            ]
            questions += [
                f"{apply.stack}: {old.address} was recreated as {old.made}, and the state still has {old.recorded}. "
                f"Check in the cloud that the old one was deleted, then pass --gone '{old.address}'"
                for old in apply.recovery.stale
            ]
            if apply.unlisted:
                questions.append(
                    f"{apply.stack}: the ledger does not list everything that its plan would create. Check all of "
                    f"its resources, correct its state manually, then pass --settled {apply.stack}"
                )
            if apply.lock is not None and not apply.ours:
                questions.append(f"{apply.stack}: {_whose(apply.lock)}")
        return tuple(questions)


def _whose(lock: StateLock) -> str:
    if lock.who:
        return (
            f"its state is locked by {lock.who}, and there is no proof that this is the lock of this deployment. "
            f"Ask them, or check it yourself and run `terraform force-unlock {lock.id}`"
        )
    return (
        "its state is locked and the backend does not show its owner. If you know that it was this apply, pass "
        f"--unlock {lock.id} (where two people must declare it terminated: after both did)"
    )


def examine(context: Context, deployment: Deployment, statements: Statements) -> Examination:
    """Examines what a deployment left. Changes nothing, but records a declaration that the process has terminated."""
    history = context.ledger.read()
    if statements.dead:
        history = attest(context, history, deployment, statements.dead)
    inventory = context.survey(deployment.commit)
    # Not the environment's own checkout: a process that still runs may use it.
    with context.repository.checkout(deployment.commit, f"{deployment.environment}-look") as root:
        remains = []
        for record in deployment.in_doubt:
            site = site_in(context, inventory, inventory.stack(record.stack), root, "plan")
            remains.append(_remains(context, history, deployment, record, site, statements))
    faults = find_unread_events(context, history, deployment.environment)
    unread = f"{sentence(faults)}: {way_out(faults)}" if faults else ""
    return Examination(deployment, tuple(remains), frozenset(statements.again), unread)


def recover(context: Context, examination: Examination) -> Deployment | Refused:
    """Secures the states, removes the terminated attempt's own locks, and starts a deployment of the same commit.

    It imports what was created and not recorded, and needs new approvals. Raises BadInput while obstacles are left.
    """
    if examination.obstacles:
        raise BadInput(f"{examination.obstacles[0]}", hint="resolve that first. No changes were made")
    deployment = examination.deployment
    with context.leases.hold(deployment.environment) as free:
        if not free:
            raise BadInput(
                f"another process on this machine works on {deployment.environment}", hint="wait until it has finished"
            )
        history = append(context.ledger, context.ledger.read(), lambda current: _intent(context, current, examination))
        inventory = context.survey(deployment.commit)
        with context.repository.checkout(deployment.commit, deployment.environment) as root:
            for apply in examination.remains:
                _secure(
                    context, deployment, apply, site_in(context, inventory, inventory.stack(apply.stack), root, "apply")
                )
    return enter(context, history, _opening(context, examination))


def _opening(context: Context, examination: Examination) -> Opening:
    deployment = examination.deployment
    imports = tuple(addition for remains in examination.remains for addition in remains.recovery.imports)
    origin = _origin(context, deployment)
    imported = {(addition.stack, addition.address) for addition in imports}
    earlier = tuple(i for i in deployment.additions.imports if (i.stack, i.address) not in imported)
    return Opening(
        deployment.environment,
        deployment.commit,
        origin,
        deployment.waves,
        deployment.live,
        Additions(deployment.additions.moves, () if isinstance(origin, Destruction) else (*earlier, *imports)),
        deployment.agreed | examination.agreed,
        deployment.partial,
        held=f"rolled back to {deployment.commit[:7]}: {origin.reason}" if isinstance(origin, Undoing) else "",
        settles=deployment.id,
    )


def _origin(context: Context, deployment: Deployment) -> Origin:
    """Returns the origin of the recovery: a destruction or a rollback stays one, with its gates, requested by a
    person."""
    match deployment.origin:
        case Destruction():
            return deployment.origin
        case Rollback(of=of, reason=reason) | AutomaticRollback(of=of, reason=reason):
            return Rollback(of, context.actor, reason)
    return Recovery(deployment.id, context.actor)


def _secure(context: Context, deployment: Deployment, apply: UnknownApply, site: Site) -> None:
    """Backs up the state, then removes the terminated attempt's lock, pushes the state that it could not write, and
    removes deleted resources from the state."""
    for state in (apply.state, apply.unsaved):
        if state is not None and state.content:
            context.backups.save(
                deployment.environment,
                apply.stack,
                state,
                commit=deployment.commit,
                deployment=deployment.id,
                moment="restore",
            )
    if apply.lock is not None:
        context.terraform.unlock(site, apply.lock)
    if apply.unsaved is not None:
        context.terraform.push_state(site, apply.unsaved.content)
    for address in apply.recovery.forgets:
        context.terraform.forget(site, address)


def _remains(
    context: Context, history: History, deployment: Deployment, record: StepRecord, site: Site, statements: Statements
) -> UnknownApply:
    attempt = attempt_of(history, deployment, record)
    never = context.applier.withdraw(attempt)
    autopsy = LoggedLeftovers(whole=True) if never else context.applier.autopsy(attempt)
    state = context.terraform.pull_state(site)
    unsaved = _find_unsaved(autopsy, state)
    in_state = resources_by_address((unsaved or state).content)
    planned = creations(deployment, record)
    lock = context.terraform.lock_of(site)
    witness = autopsy or LoggedLeftovers()
    return UnknownApply(
        stack=record.stack,
        attempt=record.attempt,
        alive="" if never else may_live(context, history, deployment, record),
        state=state,
        recovery=plan_recovery(record.stack, autopsy, planned or {}, in_state, statements),
        unlisted=planned is None and not never,
        lock=lock,
        ours=lock is not None
        and (
            is_ours(lock, witness, context.clock())
            or _named_as_ours(context, history, deployment, record, lock, statements)
        ),
        unsaved=unsaved,
        wrong="" if unsaved is not None else wrong_state(history, deployment.environment, record.stack, state),
    )


def _intent(context: Context, history: History, examination: Examination) -> tuple[Draft, ...]:
    """Records what is about to be done. Raises BadInput when another process was first."""
    environment = examination.deployment.environment
    insist_on_readable(context, history, environment)
    unsettled = folds.find_unsettled(
        history, environment, required_people(context.config.environment(environment)), answers(context)
    )
    latest = folds.latest(history, environment)
    if unsettled is None or unsettled.id != examination.deployment.id or latest is None or latest.open:
        resume = f"terrace resume {examination.deployment.environment}"
        hint = f"`terrace status` shows the current status, `{resume}` continues"
        raise BadInput(f"another process is recovering deployment {examination.deployment.id}", hint=hint)
    stacks = tuple(
        RemainsRecord(
            stack=apply.stack,
            attempt=apply.attempt,
            serial=apply.state.serial,
            unlock=apply.lock.id if apply.lock is not None else "",
            push=apply.unsaved.serial if apply.unsaved is not None else -1,
            imports=tuple(i.address for i in apply.recovery.imports),
            forgets=apply.recovery.forgets,
        )
        for apply in examination.remains
    )
    return (draft(RecoveryBegun(stacks), examination.deployment.id, context.actor),)


def may_live(context: Context, history: History, deployment: Deployment, record: StepRecord) -> str:
    """Returns why an apply may still run; "" when it is proven terminated or enough people declared so."""
    try:
        fate = context.applier.look(attempt_of(history, deployment, record))
    except TerraceError:
        # A damaged record proves nothing: people have to declare that the process has terminated.
        fate = Fate.UNKNOWN
    if fate is Fate.RUNNING:
        return "its apply, or a process that it started, still runs: wait until it has exited"
    if fate is not Fate.UNKNOWN:
        return ""
    people = required_people(context.config.environment(deployment.environment))
    attested_by = apply_attestations(context, history, deployment, record)
    if len(attested_by) >= people:
        return ""
    where = record.detail.host or "another machine"
    faith = unproven_note(context)
    return (
        f"its apply ran on {where}, and {len(attested_by)} of {people} people declared that it has terminated{faith}: "
        "pass --dead WHY"
    )


def _named_as_ours(
    context: Context,
    history: History,
    deployment: Deployment,
    record: StepRecord,
    lock: StateLock,
    statements: Statements,
) -> bool:
    """Returns whether people identified a lock without a name by its id; where two are needed, both declared the end of
    the apply."""
    required = required_people(context.config.environment(deployment.environment))
    attested_by = apply_attestations(context, history, deployment, record)
    return not lock.who and lock.id == statements.unlock and (required == 1 or len(attested_by) >= required)


def _find_unsaved(autopsy: LoggedLeftovers | None, state: StateSnapshot) -> StateSnapshot | None:
    """Returns the state that could not be written, if it is later than the current one."""
    if autopsy is None or not autopsy.unsaved:
        return None
    unsaved = read_state(autopsy.unsaved, "the state that was not saved")
    fits = not state.content or (unsaved.lineage == state.lineage and unsaved.serial > state.serial)
    return unsaved if fits else None
