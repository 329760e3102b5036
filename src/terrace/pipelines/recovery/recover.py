"""An apply ended and nobody knows how: what it left is looked at, secured, and brought in order by a fresh plan.

Nothing is ever run again. Each part may be repeated: killed anywhere, the next call looks anew and goes on.
"""

from __future__ import annotations

from dataclasses import dataclass

from terrace.errors import BadInput, StateLock, TerraceError
from terrace.ledger import folds
from terrace.ledger.deployment import Deployment, StepRecord
from terrace.ledger.dismissals import told as sentence
from terrace.ledger.dismissals import way_out
from terrace.ledger.events.deployments import RecoveryBegun, RemainsRecord
from terrace.ledger.model import Draft, History, draft
from terrace.pipelines.context import Context
from terrace.pipelines.deploy.apply_step import attempt_of
from terrace.pipelines.deploy.deploy import enter
from terrace.pipelines.deploy.gate_facts import insist_on_readable, unread_in
from terrace.pipelines.deploy.lifecycle import Opening, Refused
from terrace.pipelines.journal import append
from terrace.pipelines.planning import site_in
from terrace.pipelines.recovery.attestations import answers, attest, in_good_faith, needed, say_that_it_is_dead
from terrace.pipelines.states.known_states import wrong_state
from terrace.plans.terraform import Autopsy, Fate, Site, StateSnapshot
from terrace.rollout.recovery import Aftermath, Told, aftermath, creations, is_ours
from terrace.stacks.additions import Additions
from terrace.stacks.model import AutomaticRollback, Destruction, Origin, Recovery, Rollback, Undoing
from terrace.states.restore_rules import LATER_APPLY
from terrace.states.state_file import read_state, recorded


@dataclass(frozen=True, slots=True)
class Remains:
    """One stack whose apply has no known outcome. `alive` says why it may still run, "" when it is proven dead.

    `lock` is who holds its state now, `ours` whether that was the dead attempt. `unsaved` is the state that it could
    not write, where that belongs in the place of the current one. `wrong` says why the state cannot be the one that the
    apply was planned on or wrote, "" where it can. `unlisted`: the ledger does not name everything that the plan was to
    make, so that nobody can be asked about each.
    """

    stack: str
    attempt: str
    alive: str
    state: StateSnapshot
    aftermath: Aftermath
    lock: StateLock | None
    ours: bool
    unsaved: StateSnapshot | None
    unlisted: bool = False
    wrong: str = ""


@dataclass(frozen=True, slots=True)
class Examination:
    """Everything that is known of an unknown deployment. It can be brought in order when `obstacles` is empty.

    `agreed` are addresses that may be made anew though they were found again. `unread` names the events of the ledger
    that cannot be read and hold the environment, with the way out.
    """

    deployment: Deployment
    remains: tuple[Remains, ...]
    agreed: frozenset[str] = frozenset()
    unread: str = ""

    @property
    def obstacles(self) -> tuple[str, ...]:
        """What has to be settled first, each with what settles it."""
        found = [self.unread] if self.unread else []
        for one in self.remains:
            if one.alive:
                found.append(f"{one.stack}: {one.alive}")
            if one.wrong:
                found.append(
                    f"{one.stack}: {one.wrong}. A restore needs --accept {LATER_APPLY}: "
                    "this command asks afterwards about everything that the killed apply was to make"
                )
            found += [
                f"{one.stack}: {address} may exist: look for it, then --import '{address}=ID' or --absent '{address}'"
                for address in one.aftermath.open
            ]
            found += [
                f"{one.stack}: {address} is recorded, and its making had not ended: look at it, then "
                f"--whole '{address}', or taint it so that it is replaced"
                for address in one.aftermath.unfinished
            ]
            found += [
                f"{one.stack}: {old.address} was made anew as {old.made}, and the state has {old.recorded}: "
                f"look whether that is gone, then --gone '{old.address}'"
                for old in one.aftermath.stale
            ]
            if one.unlisted:
                found.append(
                    f"{one.stack}: the ledger does not name everything that its plan was to make: look at all that it "
                    f"has, bring its state in order by hand, then --settled {one.stack}"
                )
            if one.lock is not None and not one.ours:
                found.append(f"{one.stack}: {_whose(one.lock)}")
        return tuple(found)


def _whose(lock: StateLock) -> str:
    if lock.who:
        return (
            f"its state is locked by {lock.who}, and nothing proves that it was this deployment: ask them, or look "
            f"yourself and run `terraform force-unlock {lock.id}`"
        )
    return (
        "its state is locked and the backend does not tell by whom: if you know that it was this apply, "
        f"--unlock {lock.id} (where two people must say that it is dead: once both did)"
    )


def examine(context: Context, deployment: Deployment, told: Told) -> Examination:
    """Look at what a deployment left. Nothing is changed, but that somebody declares it dead is written down."""
    history = context.ledger.read()
    if told.dead:
        history = attest(context, history, deployment, told.dead)
    inventory = context.survey(deployment.commit)
    # Not the environment's own checkout: what still runs may run in there.
    with context.repository.checkout(deployment.commit, f"{deployment.environment}-look") as root:
        remains = []
        for record in deployment.in_doubt:
            site = site_in(context, inventory, inventory.stack(record.stack), root, "plan")
            remains.append(_remains(context, history, deployment, record, site, told))
    faults = unread_in(context, history, deployment.environment)
    unread = f"{sentence(faults)}: {way_out(faults)}" if faults else ""
    return Examination(deployment, tuple(remains), frozenset(told.again), unread)


def recover(context: Context, found: Examination) -> Deployment | Refused:
    """Secure what is there, take away the dead attempt's own locks, and let a fresh plan in at the same commit.

    It imports what was made and not recorded, and is approved anew. Raises BadInput while obstacles are left.
    """
    if found.obstacles:
        raise BadInput(f"{found.obstacles[0]}", hint="settle that first; nothing was changed")
    deployment = found.deployment
    with context.leases.hold(deployment.environment) as free:
        if not free:
            raise BadInput(f"another process of this machine works on {deployment.environment}", hint="wait for it")
        history = append(context.ledger, context.ledger.read(), lambda seen: _intent(context, seen, found))
        inventory = context.survey(deployment.commit)
        with context.repository.checkout(deployment.commit, deployment.environment) as root:
            for one in found.remains:
                _secure(
                    context, deployment, one, site_in(context, inventory, inventory.stack(one.stack), root, "apply")
                )
    return enter(context, history, _opening(context, found))


def _opening(context: Context, found: Examination) -> Opening:
    deployment = found.deployment
    imports = tuple(one for remains in found.remains for one in remains.aftermath.imports)
    origin = _origin(context, deployment)
    known = {(one.stack, one.address) for one in imports}
    earlier = tuple(i for i in deployment.additions.imports if (i.stack, i.address) not in known)
    return Opening(
        deployment.environment,
        deployment.commit,
        origin,
        deployment.waves,
        deployment.live,
        Additions(deployment.additions.moves, () if isinstance(origin, Destruction) else (*earlier, *imports)),
        deployment.agreed | found.agreed,
        deployment.partial,
        held=f"rolled back to {deployment.commit[:7]}: {origin.reason}" if isinstance(origin, Undoing) else "",
        settles=deployment.id,
    )


def _origin(context: Context, deployment: Deployment) -> Origin:
    """A destruction and a way back stay what they were, with all that is asked of them; now a person drives."""
    match deployment.origin:
        case Destruction():
            return deployment.origin
        case Rollback(of=of, reason=reason) | AutomaticRollback(of=of, reason=reason):
            return Rollback(of, context.actor, reason)
    return Recovery(deployment.id, context.actor)


def _secure(context: Context, deployment: Deployment, one: Remains, site: Site) -> None:
    """A copy of the state first; then the dead attempt's lock goes, the state that it could not write is pushed, and
    what is gone leaves it."""
    for state in (one.state, one.unsaved):
        if state is not None and state.content:
            context.backups.save(
                deployment.environment,
                one.stack,
                state,
                commit=deployment.commit,
                deployment=deployment.id,
                moment="restore",
            )
    if one.lock is not None:
        context.terraform.unlock(site, one.lock)
    if one.unsaved is not None:
        context.terraform.push_state(site, one.unsaved.content)
    for address in one.aftermath.forgets:
        context.terraform.forget(site, address)


def _remains(
    context: Context, history: History, deployment: Deployment, record: StepRecord, site: Site, told: Told
) -> Remains:
    attempt = attempt_of(history, deployment, record)
    never = context.applier.withdraw(attempt)
    autopsy = Autopsy(whole=True) if never else context.applier.autopsy(attempt)
    state = context.terraform.pull_state(site)
    unsaved = _unsaved(autopsy, state)
    known = recorded((unsaved or state).content)
    planned = creations(deployment, record)
    lock = context.terraform.lock_of(site)
    witness = autopsy or Autopsy()
    return Remains(
        stack=record.stack,
        attempt=record.attempt,
        alive="" if never else may_live(context, history, deployment, record),
        state=state,
        aftermath=aftermath(record.stack, autopsy, planned or {}, known, told),
        unlisted=planned is None and not never,
        lock=lock,
        ours=lock is not None
        and (
            is_ours(lock, witness, context.clock()) or _named_as_ours(context, history, deployment, record, lock, told)
        ),
        unsaved=unsaved,
        wrong="" if unsaved is not None else wrong_state(history, deployment.environment, record.stack, state),
    )


def _intent(context: Context, seen: History, found: Examination) -> tuple[Draft, ...]:
    """What is about to be done, written down before it is. Raises BadInput when somebody else was first."""
    environment = found.deployment.environment
    insist_on_readable(context, seen, environment)
    left = folds.unsettled(seen, environment, needed(context.config.environment(environment)), answers(context))
    latest = folds.latest(seen, environment)
    if left is None or left.id != found.deployment.id or latest is None or latest.open:
        hint = f"`terrace status` shows how it stands, `terrace resume {found.deployment.environment}` goes on"
        raise BadInput(f"deployment {found.deployment.id} is brought in order by somebody else", hint=hint)
    stacks = tuple(
        RemainsRecord(
            stack=one.stack,
            attempt=one.attempt,
            serial=one.state.serial,
            unlock=one.lock.id if one.lock is not None else "",
            push=one.unsaved.serial if one.unsaved is not None else -1,
            imports=tuple(i.address for i in one.aftermath.imports),
            forgets=one.aftermath.forgets,
        )
        for one in found.remains
    )
    return (draft(RecoveryBegun(stacks), found.deployment.id, context.actor),)


def may_live(context: Context, history: History, deployment: Deployment, record: StepRecord) -> str:
    """Why an apply may still run, "" when it is proven dead or enough people said so."""
    try:
        fate = context.applier.look(attempt_of(history, deployment, record))
    except TerraceError:
        # A damaged record proves nothing: people have to say that it is dead.
        fate = Fate.UNKNOWN
    if fate is Fate.RUNNING:
        return "its apply still runs, or left something that does: wait for its end"
    if fate is not Fate.UNKNOWN:
        return ""
    asked = needed(context.config.environment(deployment.environment))
    said = say_that_it_is_dead(context, history, deployment, record)
    if len(said) >= asked:
        return ""
    where = record.detail.host or "another machine"
    faith = in_good_faith(context)
    return f"its apply ran on {where}, and {len(said)} of {asked} people said that it is dead{faith}: --dead WHY"


def _named_as_ours(
    context: Context, history: History, deployment: Deployment, record: StepRecord, lock: StateLock, told: Told
) -> bool:
    """Whether people answer for a nameless lock by its id; where two are needed, both said that the apply is dead."""
    asked = needed(context.config.environment(deployment.environment))
    said = say_that_it_is_dead(context, history, deployment, record)
    return not lock.who and lock.id == told.unlock and (asked == 1 or len(said) >= asked)


def _unsaved(autopsy: Autopsy | None, state: StateSnapshot) -> StateSnapshot | None:
    """The state that could not be written, if it is a later one of what is there now."""
    if autopsy is None or not autopsy.unsaved:
        return None
    found = read_state(autopsy.unsaved, "the state that was left behind")
    fits = not state.content or (found.lineage == state.lineage and found.serial > state.serial)
    return found if fits else None
