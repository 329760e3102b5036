"""Adoption of an existing state for a stack: planned on, backed up, moved if necessary, compared, recorded."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from terrace.config.naming import quote_word, unknown_name_error
from terrace.drift.own_changes import split_differences
from terrace.drift.records import resource_drift_record
from terrace.drift.state_adoption import Adopted, Adoption, Settled
from terrace.errors import BadInput, NotReady, TerraceError
from terrace.hcl.lock_file import read_lock_file
from terrace.ledger import folds
from terrace.ledger.adoptions import newest_adoptions
from terrace.ledger.events.states import StackAdopted, StateBackedUp
from terrace.ledger.model import Draft, History, draft
from terrace.pipelines.context import Context, readable
from terrace.pipelines.deploy.gate_facts import insist_on_readable
from terrace.pipelines.journal import append
from terrace.pipelines.planning import reading, site_in
from terrace.pipelines.states.left_states import find_unadopted_state
from terrace.pipelines.states.proposal import insist_on_idle
from terrace.pipelines.states.state_owners import owner_of
from terrace.pipelines.states.workspace import environment_of, open_workspace
from terrace.plans.model import Action, Plan
from terrace.plans.ports import Purpose, Site, StateSnapshot
from terrace.stacks.backends import backend_locations, changed_parts, local_paths, recorded_location
from terrace.stacks.inventory import Inventory
from terrace.stacks.model import Destruction, Stack
from terrace.states.backup_status import lineages, release_of
from terrace.states.backups import Moment
from terrace.states.checkout_states import LeftState
from terrace.states.restore_rules import is_newer
from terrace.states.state_file import addresses_in, compare, holds_nothing, is_encrypted, read_state
from terrace.words import join_some

KEPT = "the folder in which Terrace keeps local states"
"""Description of the target of a local state."""


@dataclass(frozen=True, slots=True)
class AdoptionRun:
    """The stacks of an environment at the protected branch, checked out at `root`, whose states can be adopted.

    `writing` is locked while an event is written: several stacks are adopted concurrently.
    """

    context: Context
    environment: str
    history: History
    inventory: Inventory
    root: Path
    writing: threading.Lock = field(default_factory=threading.Lock)

    def stack(self, key: str) -> Stack:
        """Returns the stack with that key. Raises BadInput when there is none."""
        try:
            return self.inventory.stack(key)
        except KeyError:
            stacks = self.inventory.of(self.environment)
            raise unknown_name_error("stack", key, [stack.key for stack in stacks]) from None

    def site(self, stack: Stack, purpose: Purpose) -> Site:
        """Returns the place where Terraform works on a stack. Raises BadInput for a refused one."""
        return site_in(self.context, self.inventory, stack, self.root, purpose)


@contextmanager
def adoption_run(context: Context, environment: str) -> Iterator[AdoptionRun]:
    """Checks out the protected branch, in another place than deployments.

    Raises BadInput while another process may write to a state of the environment.
    """
    history = context.ledger.read()
    insist_on_idle(history, environment)
    insist_on_readable(context, history, environment)
    inventory = context.survey(context.repository.protected_tip())
    with context.repository.checkout(inventory.commit, f"{environment}-adopt") as root:
        yield AdoptionRun(context, environment, history, inventory, root)


@contextmanager
def lock_environment(context: Context, environment: str) -> Iterator[None]:
    """Locks an environment. Raises NotReady while another process on this machine has it."""
    with context.leases.hold(environment) as free:
        if not free:
            raise NotReady(f"another process on this machine works on {environment}", hint="wait until it has finished")
        yield


def propose_adoption(context: Context, key: str, path: str | None = None) -> Adoption | Settled:
    """Returns what adopting a state would do; writes nothing. Settled: there is nothing to adopt any more.

    Raises BadInput where there is no such state, where it is another stack's, and where the target has another state.
    """
    with adoption_run(context, environment_of(context, key)) as at:
        return examine(at, at.stack(key), path)


def examine(at: AdoptionRun, stack: Stack, path: str | None = None) -> Adoption | Settled:
    """Returns what adopting the state of one stack would do.

    The state is the one in the file `path`, at the address of the stack's last deployment, in the checkout, in the
    backend that `init` recorded there, or the one that is already at the address of the stack.
    """
    at.inventory.require_usable(stack)
    settled = _find_settled(at, stack) if path is None else None
    if settled is not None:
        return settled
    site = at.site(stack, "plan")
    current = at.context.terraform.pull_state(site)
    located = _locate(at, stack, current, path)
    if holds_nothing(located.state.content):
        raise BadInput(f"{located.source} has no resource and no output, so there is nothing to adopt for {stack.key}")
    _insist_on_own(at, at.history, stack, located.state, located.source)
    if located.done:
        _insist_on_own(at, at.history, stack, current, located.target)
    plan, providers = _plan_on_state(at, site, located)
    accepted, outside = split_differences(plan)
    acting = [change for change in plan.effective if not (change.action is Action.CREATE and not change.importing)]
    return Adoption(
        stack=stack,
        commit=at.inventory.commit,
        source=located.source,
        target=located.target,
        state=located.state,
        objects=addresses_in(located.state.content),
        creates=tuple(c.address for c in plan.effective if c not in acting),
        changes=tuple(c.address for c in acting if c.action is not Action.DELETE),
        deletes=tuple(c.address for c in acting if c.action is Action.DELETE),
        outputs=sum(1 for output in plan.outputs if output.action is not Action.NO_OP),
        accepted=accepted,
        outside=outside,
        engine=f"{at.context.terraform.product} {at.context.terraform.version}",
        providers=providers,
        left=located.left,
        done=located.done,
        in_place=located.in_place,
    )


def insist_on_no_creation(adoption: Adoption, accepted: frozenset[str]) -> None:
    """Raises BadInput where a plan on the state creates resources that were not accepted."""
    fresh = [address for address in adoption.creates if address not in accepted]
    if fresh:
        words = quote_word(fresh[0]) + "".join(f" --accept {quote_word(address)}" for address in fresh[1:5])
        raise BadInput(
            f"with that state a plan would create {join_some(fresh, 5)}: it may not be the state of this stack, or "
            "an old one. No changes were made",
            hint=f"if these resources are really new: `terrace state adopt {quote_word(adoption.stack.key)} "
            f"--accept {words}`",
        )


def adopt(context: Context, adoption: Adoption, accepted: frozenset[str], reason: str) -> Adopted:
    """Moves a state to the place where Terrace plans the stack, unless it is there, and records the adoption.

    Backs up the state first. The target accepts it only where it is empty; after a crash at any point the same command
    continues. Raises BadInput where the source or the target changed since the adoption was proposed.
    """
    insist_on_no_creation(adoption, accepted)
    environment = adoption.stack.environment
    with lock_environment(context, environment), adoption_run(context, environment) as at:
        return adopt_state(at, adoption, reason)


def adopt_state(at: AdoptionRun, adoption: Adoption, reason: str) -> Adopted:
    """Adopts the state of one stack of a locked environment. Does not plan again: compares the planned state with the
    current one."""
    context, stack, environment = at.context, adoption.stack, at.environment
    key = stack.key
    site = at.site(stack, "plan")
    current = context.terraform.pull_state(site)
    again = _locate(at, stack, current, adoption.left.path if adoption.left is not None else None)
    if (again.state.content, again.in_place, at.inventory.commit) != (
        adoption.state.content,
        adoption.in_place,
        adoption.commit,
    ):
        raise BadInput(
            f"{adoption.source} or the branch changed in the meantime. No changes were made",
            hint="run the command again",
        )
    _insist_on_own(at, context.ledger.read(), stack, again.state, again.source)
    reason_text = f"adopted from {adoption.source}: {reason}"
    copies: list[StateBackedUp] = []
    now = current
    if not again.in_place:
        copies.append(_save_copy(at, stack, adoption.state, "before", reason_text))
        with_rights = at.site(stack, "apply")
        if not again.done:
            context.terraform.push_state(with_rights, adoption.state.content)
        now = context.terraform.pull_state(with_rights)
        if not compare(now.content, adoption.state.content).empty:
            raise NotReady(
                f"the state of {key} differs from the one that was moved: another process wrote it",
                hint=f"the backup is {copies[0].backup}: `terrace state diff {quote_word(key)}`",
            )
    continues = adoption.state.lineage if now.lineage != adoption.state.lineage else ""
    copies.append(_save_copy(at, stack, now, "poll" if again.in_place else "after", reason_text, continues))
    drafts = [draft(copy, key, context.actor) for number, copy in enumerate(copies) if copy not in copies[:number]]
    record = _record(adoption, copies[-1], reason)
    drafts.append(draft(record, key, context.actor))

    def decide(history: History) -> tuple[Draft, ...]:
        insist_on_idle(history, environment)
        _insist_on_own(at, history, stack, now, adoption.target)
        return () if _is_known(history, key, record) else tuple(drafts)

    with at.writing:
        append(context.ledger, context.ledger.read(), decide)
    aside = context.left.put_aside(adoption.left) if adoption.left is not None else ""
    return Adopted(adoption, now, copies[-1].backup, aside)


def _save_copy(
    at: AdoptionRun, stack: Stack, state: StateSnapshot, moment: Moment, reason: str, continues: str = ""
) -> StateBackedUp:
    """Backs up a state, and returns the record of the backup."""
    commit = at.inventory.commit
    backup = at.context.backups.save(at.environment, stack.key, state, commit=commit, deployment="none", moment=moment)
    return StateBackedUp(
        environment=at.environment,
        finding="saved",
        reason=reason,
        backup=backup.original,
        lineage=backup.lineage,
        serial=backup.serial,
        sha256=backup.sha256,
        commit=commit,
        continues=continues,
    )


def _record(adoption: Adoption, copy: StateBackedUp, reason: str) -> StackAdopted:
    return StackAdopted(
        environment=copy.environment,
        commit=adoption.commit,
        source=adoption.source,
        lineage=copy.lineage,
        serial=copy.serial,
        backup=copy.backup,
        sha256=copy.sha256,
        same=adoption.same,
        reason=reason,
        creates=len(adoption.creates),
        changes=len(adoption.changes) + adoption.outputs,
        deletes=len(adoption.deletes),
        engine=adoption.engine,
        providers=adoption.providers,
        written_by=adoption.state.terraform_version,
        accepted=tuple(resource_drift_record(resource) for resource in adoption.accepted),
    )


def _is_known(history: History, key: str, record: StackAdopted) -> bool:
    """Returns whether the ledger has this very adoption: its process terminated before it could report that."""
    adoption = newest_adoptions(history, record.environment).get(key)
    if adoption is None:
        return False
    same = ("commit", "lineage", "serial", "sha256", "same")
    return all(getattr(adoption.record, name) == getattr(record, name) for name in same)


@dataclass(frozen=True, slots=True)
class _Found:
    """A state, its place, its file if it is one, and whether the target already has it."""

    source: str
    target: str
    state: StateSnapshot
    left: LeftState | None = None
    done: bool = False
    in_place: bool = False


def _locate(at: AdoptionRun, stack: Stack, current: StateSnapshot, path: str | None) -> _Found:
    """Returns the state of a stack. Raises BadInput where there is none, and where the target has another one."""
    target = target_of(at.inventory, stack)
    elsewhere = _elsewhere(at, stack, path)
    holds = bool(current.content) and not holds_nothing(current.content)
    if elsewhere is None:
        if not holds:
            raise _no_state(at, stack, current)
        return _Found(target, target, current, in_place=True)
    source, state, left_state = elsewhere
    if path is None and holds and (current.lineage, current.serial > state.serial) == (state.lineage, True):
        # A state in another place can be the same state at an earlier time, such as before it was moved to this
        # backend.
        return _Found(target, target, current, in_place=True)
    return _Found(source, target, state, left_state, done=_insist_on_free(current, state, target, stack.key))


def target_of(inventory: Inventory, stack: Stack) -> str:
    """Returns the description of the place to which the state of a stack is moved."""
    locations = backend_locations(stack, inventory.graph)
    if not locations or locations[0].type == "local":
        return KEPT
    return str(locations[0])


def _elsewhere(at: AdoptionRun, stack: Stack, path: str | None) -> tuple[str, StateSnapshot, LeftState | None] | None:
    """Returns a state of the stack in another place than the stack's own: the place, the state, its file if it is
    one."""
    context, inventory = at.context, at.inventory
    if path is not None:
        return _of_file(stack, context.left.read(path))
    earlier = _earlier(at, stack)
    if earlier is not None:
        return (*earlier, None)
    left_states = context.left.find(stack, local_paths(stack, inventory.graph))
    if len(left_states) > 1:
        raise BadInput(
            f"Terraform left several states for {stack.key}: {', '.join(state.path for state in left_states)}",
            hint=f"pass one of them: `terrace state adopt {quote_word(stack.key)} --from PATH`",
        )
    if left_states:
        _insist_on_merged(at, stack, left_states[0].path)
        return _of_file(stack, left_states[0])
    recorded = context.left.backend(stack)
    if recorded is not None:
        _insist_on_merged(at, stack, stack.file(".terraform"))
        locations = backend_locations(stack, inventory.graph)
        if all(changed_parts(address, recorded.type, recorded.config, stack.workspace) for address in locations):
            variables = context.variables(context.config.environment(stack.environment), "plan")
            state = context.terraform.pull_from(stack, recorded, variables)
            if state.content and not holds_nothing(state.content):
                return str(recorded_location(recorded.type, recorded.config, stack.workspace)), state, None
    return None


def _insist_on_merged(at: AdoptionRun, stack: Stack, path: str) -> None:
    """Raises BadInput where the checked-out commit has a file that the protected branch does not have, or has with
    another content, and that file names the state of a stack: Terraform did not create it."""
    repository = at.context.repository
    current = repository.tree(repository.resolve("HEAD")).entries
    merged = repository.tree(at.inventory.commit).entries
    for source in at.context.left.sources(stack, path):
        if source in current and (
            source not in merged
            or (merged[source].blob, merged[source].mode) != (current[source].blob, current[source].mode)
        ):
            raise BadInput(
                f"{source} is a file of the checked-out commit, not of the protected branch, so it cannot name the "
                f"state of {stack.key}",
                hint="check out the protected branch, or pass the file of the state: `terrace state adopt "
                f"{quote_word(stack.key)} --from PATH`",
            )


def _no_state(at: AdoptionRun, stack: Stack, current: StateSnapshot) -> BadInput:
    """Returns why there is nothing to adopt."""
    why, hint = find_unadopted_state(at.context, at.inventory, stack, current.content)
    if why:
        return BadInput(why, hint=hint)
    word = quote_word(stack.key)
    target = target_of(at.inventory, stack)
    place = "" if target == KEPT else f" at its address ({target})"
    return BadInput(
        f"there is no state to adopt for {stack.key}: none is{place or ' where Terrace keeps it'}, and "
        "Terraform left none beside it or at a path that its backend names",
        hint=f"pass its file: `terrace state adopt {word} --from PATH`. If the stack was never applied, `terrace "
        f"deploy {quote_word(stack.environment)}` creates the state",
    )


def _of_file(stack: Stack, left_state: LeftState) -> tuple[str, StateSnapshot, LeftState]:
    word = quote_word(stack.key)
    if left_state.content and is_encrypted(left_state.content):
        raise BadInput(
            f"{left_state.path} is encrypted by OpenTofu and cannot be read without its configuration, so it is not "
            f"adopted for {stack.key}",
            hint=f"in {quote_word(stack.shown_path)}: `tofu state pull > FILE`; then `terrace state adopt {word} "
            "--from FILE`; then delete FILE, which is not encrypted",
        )
    if left_state.problem:
        raise BadInput(
            f"{left_state.path} cannot be adopted: {left_state.problem}",
            hint=f"pass another file: `terrace state adopt {word} --from PATH`",
        )
    return left_state.path, read_state(left_state.content, left_state.path), left_state


def _earlier(at: AdoptionRun, stack: Stack) -> tuple[str, StateSnapshot] | None:
    """Returns the state at the address of the stack's last deployment or adoption, where its address has changed
    since."""
    last = release_of(at.history, stack.environment, stack.key)
    before = readable(at.context.survey, last.commit) if last is not None else None
    if last is None or before is None or not _is_moved(at, stack, before):
        return None
    with open_workspace(at.context, last, aside=True) as on:
        former = on.inventory.stack(stack.key)
        return str(backend_locations(former, on.inventory.graph)[0]), at.context.terraform.pull_state(
            on.site(stack.key, "plan")
        )


def _is_moved(at: AdoptionRun, stack: Stack, before: Inventory) -> bool:
    """Returns whether a stack had another state address at an earlier commit."""
    if all(other.key != stack.key for other in before.stacks):
        return False
    former = backend_locations(before.stack(stack.key), before.graph)
    now = backend_locations(stack, at.inventory.graph)
    return bool(former) and not any(location.is_same(other) for location in former for other in now)


def _find_settled(at: AdoptionRun, stack: Stack) -> Settled | None:
    """Returns how the stack was adopted before, where nothing is left to be done.

    An adoption that found differences is repeated at another commit; so is one that was interrupted before it moved the
    old file away.
    """
    key, target = stack.key, target_of(at.inventory, stack)
    adopted = newest_adoptions(at.history, at.environment).get(key)
    if adopted is not None:
        again = not adopted.record.same and adopted.commit != at.inventory.commit
        before = readable(at.context.survey, adopted.commit)
        if again or (before is not None and _is_moved(at, stack, before)) or _is_left(at, stack):
            return None
        return Settled(stack, "adopted", adopted.commit, adopted.by, adopted.at, target, adopted.record.same)
    last = release_of(at.history, at.environment, key)
    deployment = next((d for d in folds.deployments(at.history) if last is not None and d.id == last.id), None)
    before = readable(at.context.survey, deployment.commit) if deployment is not None else None
    if deployment is None or isinstance(deployment.origin, Destruction) or before is None:
        return None
    if _is_moved(at, stack, before):
        return None
    return Settled(stack, "deployed", deployment.commit, deployment.requester, deployment.opened_at, target)


def _is_left(at: AdoptionRun, stack: Stack) -> bool:
    """Returns whether the checkout has a local state of the stack."""
    return bool(at.context.left.find(stack, local_paths(stack, at.inventory.graph)))


def _insist_on_own(at: AdoptionRun, history: History, stack: Stack, state: StateSnapshot, where: str) -> None:
    """Raises BadInput where the ledger knows the state as another stack's, and where a later version wrote it."""
    owner, _ = owner_of(at.context, history, at.inventory, stack, lineages(history).get(state.lineage, frozenset()))
    if owner:
        raise BadInput(
            f"{where} has the state of {owner} (lineage {state.lineage}), so it is not adopted for {stack.key}",
            hint=f"give {stack.key} its own backend address, or pass its own state: `terrace state adopt "
            f"{quote_word(stack.key)} --from PATH`",
        )
    if is_newer(state.terraform_version, at.context.terraform.version):
        raise BadInput(
            f"{where} was written by version {state.terraform_version or 'unknown'}, but the version in use is "
            f"{at.context.terraform.version}",
            hint="use that version or a later one: terraform: {version: ...}",
        )


def _insist_on_free(current: StateSnapshot, state: StateSnapshot, target: str, key: str) -> bool:
    """Returns whether the target already has the state. Raises BadInput where it has another one."""
    if not current.content or holds_nothing(current.content):
        return False
    if compare(current.content, state.content).empty:
        return True
    raise BadInput(
        f"{target} has another state (lineage {current.lineage}, {len(addresses_in(current.content))} resources), "
        "which is not overwritten",
        hint=f"find out which stack it belongs to; if that is not {key}, give {key} its own backend address",
    )


def _plan_on_state(at: AdoptionRun, site: Site, located: _Found) -> tuple[Plan, tuple[str, ...]]:
    """Returns a plan on the state, and the versions of the providers in it.

    The plan is made where the state is, under its lock, or in a scratch backend. Nothing is written anywhere else.
    """
    if located.in_place:
        return _plan(at, site, lock=True)
    with at.context.terraform.scratch(site) as scratch:
        at.context.terraform.push_state(scratch, located.state.content)
        return _plan(at, scratch, lock=False)


def _plan(at: AdoptionRun, site: Site, *, lock: bool) -> tuple[Plan, tuple[str, ...]]:
    made_plan = at.context.terraform.plan(site, lock=lock, listener=at.context.watcher.progress)
    try:
        plan = reading(at.context, site, at.inventory.commit, made_plan)
        providers = tuple(f"{provider.address} {provider.version}" for provider in read_lock_file(made_plan.lock))
    finally:
        made_plan.discard()
    if plan.errored or not plan.complete:
        raise TerraceError("Terraform could not plan everything with that state. No changes were made")
    return plan, providers
