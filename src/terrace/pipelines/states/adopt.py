"""A state that exists becomes the state of a stack: tried, backed up, moved where it has to, compared, recorded."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from terrace.config.naming import quote_word, unknown_name_error
from terrace.drift.own_changes import found_outside
from terrace.drift.records import sighting_record
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
from terrace.pipelines.states.left_states import unadopted
from terrace.pipelines.states.proposal import stands_free
from terrace.pipelines.states.state_owners import owner_of
from terrace.pipelines.states.workspace import bench, environment_of
from terrace.plans.model import Action, Plan
from terrace.plans.terraform import Purpose, Site, StateSnapshot
from terrace.stacks.backends import addresses, local_paths, moved_parts, recorded_address
from terrace.stacks.inventory import Inventory
from terrace.stacks.model import Destruction, Stack
from terrace.states.backups import Moment
from terrace.states.checkout_states import LeftState
from terrace.states.restore_rules import is_newer
from terrace.states.state_file import addresses_in, compare, holds_nothing, is_encrypted, read_state
from terrace.states.status import lineages, release_of
from terrace.words import listed

KEPT = "the place where Terrace keeps local states"
"""How the target of a local state is called."""


@dataclass(frozen=True, slots=True)
class Takeover:
    """The stacks of an environment at the tip of the protected branch, checked out at `root`, to be taken over.

    `writing` is held while an event is written: several stacks are taken over side by side.
    """

    context: Context
    environment: str
    history: History
    inventory: Inventory
    root: Path
    writing: threading.Lock = field(default_factory=threading.Lock)

    def stack(self, key: str) -> Stack:
        """The stack of that key. Raises BadInput when there is none."""
        try:
            return self.inventory.stack(key)
        except KeyError:
            there = self.inventory.of(self.environment)
            raise unknown_name_error("stack", key, [one.key for one in there]) from None

    def site(self, stack: Stack, purpose: Purpose) -> Site:
        """Where a stack is worked on. Raises BadInput for one that is refused."""
        return site_in(self.context, self.inventory, stack, self.root, purpose)


@contextmanager
def takeover(context: Context, environment: str) -> Iterator[Takeover]:
    """Check out the tip of the protected branch, aside from deployments.

    Raises BadInput while something else may write to a state of the environment.
    """
    history = context.ledger.read()
    stands_free(history, environment)
    insist_on_readable(context, history, environment)
    inventory = context.survey(context.repository.protected_tip())
    with context.repository.checkout(inventory.commit, f"{environment}-adopt") as root:
        yield Takeover(context, environment, history, inventory, root)


@contextmanager
def holding(context: Context, environment: str) -> Iterator[None]:
    """Hold an environment. Raises NotReady while another process of this machine does."""
    with context.leases.hold(environment) as free:
        if not free:
            raise NotReady(f"another process of this machine works on {environment}", hint="wait for its end")
        yield


def propose_adoption(context: Context, key: str, path: str | None = None) -> Adoption | Settled:
    """Returns what adopting a state would mean; nothing is written. Settled: there is nothing to adopt any more.

    Raises BadInput where there is no such state, where it is another stack's, and where the target holds another state.
    """
    with takeover(context, environment_of(context, key)) as at:
        return examine(at, at.stack(key), path)


def examine(at: Takeover, stack: Stack, path: str | None = None) -> Adoption | Settled:
    """Returns what taking one stack over would mean.

    The state is the one in the file `path`, that of the address which the stack had at its last deployment, the one
    that Terraform left in the checkout, the one in the backend that `init` recorded there, or the one that is at the
    address of the stack already.
    """
    at.inventory.insist_on(stack)
    settled = _settled(at, stack) if path is None else None
    if settled is not None:
        return settled
    site = at.site(stack, "plan")
    there = at.context.terraform.pull_state(site)
    found = _found(at, stack, there, path)
    if holds_nothing(found.state.content):
        raise BadInput(f"{found.source} holds no object and no output: there is nothing to adopt for {stack.key}")
    _insist_on_own(at, at.history, stack, found.state, found.source)
    if found.done:
        _insist_on_own(at, at.history, stack, there, found.target)
    plan, providers = _planned(at, site, found)
    accepted, outside = found_outside(plan)
    acting = [change for change in plan.effective if not (change.action is Action.CREATE and not change.importing)]
    return Adoption(
        stack=stack,
        commit=at.inventory.commit,
        source=found.source,
        target=found.target,
        state=found.state,
        objects=addresses_in(found.state.content),
        creates=tuple(c.address for c in plan.effective if c not in acting),
        changes=tuple(c.address for c in acting if c.action is not Action.DELETE),
        deletes=tuple(c.address for c in acting if c.action is Action.DELETE),
        outputs=sum(1 for one in plan.outputs if one.action is not Action.NO_OP),
        accepted=accepted,
        outside=outside,
        engine=f"{at.context.terraform.product} {at.context.terraform.version}",
        providers=providers,
        left=found.left,
        done=found.done,
        in_place=found.in_place,
    )


def insist_on_no_creation(adoption: Adoption, accepted: frozenset[str]) -> None:
    """Raises BadInput where a plan on the state creates objects that were not accepted."""
    fresh = [address for address in adoption.creates if address not in accepted]
    if fresh:
        words = quote_word(fresh[0]) + "".join(f" --accept {quote_word(address)}" for address in fresh[1:5])
        raise BadInput(
            f"with that state a plan would create {listed(fresh, 5)}: it may not be the state of this stack, or "
            "an old one; nothing was written",
            hint=f"if they are really new: `terrace state adopt {quote_word(adoption.stack.key)} --accept {words}`",
        )


def adopt(context: Context, adoption: Adoption, accepted: frozenset[str], reason: str) -> Adopted:
    """Moves a state to where Terrace plans the stack, unless it is there, and writes down what was taken over.

    The copy of the state is made first. The target takes it only where it is empty; killed anywhere, the same command
    goes on. Raises BadInput where the source or the target changed since the adoption was proposed.
    """
    insist_on_no_creation(adoption, accepted)
    environment = adoption.stack.environment
    with holding(context, environment), takeover(context, environment) as at:
        return take_over(at, adoption, reason)


def take_over(at: Takeover, adoption: Adoption, reason: str) -> Adopted:
    """Does it for one stack of an environment that is held. Nothing is planned again: what was planned on is compared
    with what is there now."""
    context, stack, environment = at.context, adoption.stack, at.environment
    key = stack.key
    site = at.site(stack, "plan")
    there = context.terraform.pull_state(site)
    again = _found(at, stack, there, adoption.left.path if adoption.left is not None else None)
    if (again.state.content, again.in_place, at.inventory.commit) != (
        adoption.state.content,
        adoption.in_place,
        adoption.commit,
    ):
        raise BadInput(f"{adoption.source} or the branch changed meanwhile: nothing was written", hint="look again")
    _insist_on_own(at, context.ledger.read(), stack, again.state, again.source)
    said = f"adopted from {adoption.source}: {reason}"
    copies: list[StateBackedUp] = []
    now = there
    if not again.in_place:
        copies.append(_copied(at, stack, adoption.state, "before", said))
        with_rights = at.site(stack, "apply")
        if not again.done:
            context.terraform.push_state(with_rights, adoption.state.content)
        now = context.terraform.pull_state(with_rights)
        if not compare(now.content, adoption.state.content).empty:
            raise NotReady(
                f"the state of {key} differs from the one that was moved: another process wrote it",
                hint=f"the copy is {copies[0].backup}: `terrace state diff {quote_word(key)}`",
            )
    continues = adoption.state.lineage if now.lineage != adoption.state.lineage else ""
    copies.append(_copied(at, stack, now, "poll" if again.in_place else "after", said, continues))
    drafts = [draft(copy, key, context.actor) for number, copy in enumerate(copies) if copy not in copies[:number]]
    record = _record(adoption, copies[-1], reason)
    drafts.append(draft(record, key, context.actor))

    def decide(seen: History) -> tuple[Draft, ...]:
        stands_free(seen, environment)
        _insist_on_own(at, seen, stack, now, adoption.target)
        return () if _is_known(seen, key, record) else tuple(drafts)

    with at.writing:
        append(context.ledger, context.ledger.read(), decide)
    aside = context.left.put_aside(adoption.left) if adoption.left is not None else ""
    return Adopted(adoption, now, copies[-1].backup, aside)


def _copied(
    at: Takeover, stack: Stack, state: StateSnapshot, moment: Moment, reason: str, continues: str = ""
) -> StateBackedUp:
    """Makes a copy of a state, and returns its record."""
    commit = at.inventory.commit
    made = at.context.backups.save(at.environment, stack.key, state, commit=commit, deployment="none", moment=moment)
    return StateBackedUp(
        environment=at.environment,
        finding="saved",
        reason=reason,
        backup=made.original,
        lineage=made.lineage,
        serial=made.serial,
        sha256=made.sha256,
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
        accepted=tuple(sighting_record(one) for one in adoption.accepted),
    )


def _is_known(history: History, key: str, record: StackAdopted) -> bool:
    """Whether the ledger has that very adoption: the process that wrote it was killed before it told."""
    known = newest_adoptions(history, record.environment).get(key)
    if known is None:
        return False
    same = ("commit", "lineage", "serial", "sha256", "same")
    return all(getattr(known.record, name) == getattr(record, name) for name in same)


@dataclass(frozen=True, slots=True)
class _Found:
    """A state, where it is, its file where it is one, and whether the target holds it already."""

    source: str
    target: str
    state: StateSnapshot
    left: LeftState | None = None
    done: bool = False
    in_place: bool = False


def _found(at: Takeover, stack: Stack, there: StateSnapshot, path: str | None) -> _Found:
    """The state of a stack. Raises BadInput where there is none, and where the target holds another one."""
    target = target_of(at.inventory, stack)
    elsewhere = _elsewhere(at, stack, path)
    holds = bool(there.content) and not holds_nothing(there.content)
    if elsewhere is None:
        if not holds:
            raise _no_state(at, stack, there)
        return _Found(target, target, there, in_place=True)
    source, state, left = elsewhere
    if path is None and holds and (there.lineage, there.serial > state.serial) == (state.lineage, True):
        # What is elsewhere is the same state as it was earlier, such as before it was moved to this backend.
        return _Found(target, target, there, in_place=True)
    return _Found(source, target, state, left, done=_insist_on_free(there, state, target, stack.key))


def target_of(inventory: Inventory, stack: Stack) -> str:
    """Where the state of a stack goes, in words."""
    found = addresses(stack, inventory.graph)
    if not found or found[0].type == "local":
        return KEPT
    return str(found[0])


def _elsewhere(at: Takeover, stack: Stack, path: str | None) -> tuple[str, StateSnapshot, LeftState | None] | None:
    """A state of the stack at another place than that of the stack: where, what it is, its file where it is one."""
    context, inventory = at.context, at.inventory
    if path is not None:
        return _of_file(stack, context.left.read(path))
    earlier = _earlier(at, stack)
    if earlier is not None:
        return (*earlier, None)
    found = context.left.find(stack, local_paths(stack, inventory.graph))
    if len(found) > 1:
        raise BadInput(
            f"Terraform left several states for {stack.key}: {', '.join(one.path for one in found)}",
            hint=f"say which: `terrace state adopt {quote_word(stack.key)} --from PATH`",
        )
    if found:
        _insist_on_merged(at, stack, found[0].path)
        return _of_file(stack, found[0])
    recorded = context.left.backend(stack)
    if recorded is not None:
        _insist_on_merged(at, stack, stack.file(".terraform"))
        mine = addresses(stack, inventory.graph)
        if all(moved_parts(address, recorded.type, recorded.config, stack.workspace) for address in mine):
            variables = context.variables(context.config.environment(stack.environment), "plan")
            state = context.terraform.pull_from(stack, recorded, variables)
            if state.content and not holds_nothing(state.content):
                return str(recorded_address(recorded.type, recorded.config, stack.workspace)), state, None
    return None


def _insist_on_merged(at: Takeover, stack: Stack, path: str) -> None:
    """Raises BadInput where the commit that is checked out has a file that the protected branch has not, or has
    otherwise, and that file says where the state of a stack is: Terraform did not leave it."""
    repository = at.context.repository
    here = repository.tree(repository.resolve("HEAD")).entries
    merged = repository.tree(at.inventory.commit).entries
    for one in at.context.left.sources(stack, path):
        if one in here and (
            one not in merged or (merged[one].blob, merged[one].mode) != (here[one].blob, here[one].mode)
        ):
            raise BadInput(
                f"{one} is a file of the commit that is checked out, and not of the protected branch: it does not say "
                f"what the state of {stack.key} is",
                hint="check out the protected branch; or name the file of the state: "
                f"`terrace state adopt {quote_word(stack.key)} --from PATH`",
            )


def _no_state(at: Takeover, stack: Stack, there: StateSnapshot) -> BadInput:
    """Why there is nothing to take over."""
    why, hint = unadopted(at.context, at.inventory, stack, there.content)
    if why:
        return BadInput(why, hint=hint)
    word = quote_word(stack.key)
    target = target_of(at.inventory, stack)
    place = "" if target == KEPT else f" at its address ({target})"
    return BadInput(
        f"there is no state to adopt for {stack.key}: none is{place or ' where Terrace keeps it'}, and Terraform left "
        f"none beside it or at a path that its backend names",
        hint=f"name its file: `terrace state adopt {word} --from PATH`; if it was never applied, "
        f"`terrace deploy {quote_word(stack.environment)}` makes it",
    )


def _of_file(stack: Stack, left: LeftState) -> tuple[str, StateSnapshot, LeftState]:
    word = quote_word(stack.key)
    if left.content and is_encrypted(left.content):
        raise BadInput(
            f"{left.path} is encrypted by OpenTofu, and a file cannot be opened without its configuration: it is not "
            f"adopted for {stack.key}",
            hint=f"in {quote_word(stack.shown_path)}: `tofu state pull > FILE`; then "
            f"`terrace state adopt {word} --from FILE`; remove what is left of FILE: it is not encrypted",
        )
    if left.problem:
        raise BadInput(
            f"{left.path} cannot be adopted: {left.problem}",
            hint=f"name another file: `terrace state adopt {word} --from PATH`",
        )
    return left.path, read_state(left.content, left.path), left


def _earlier(at: Takeover, stack: Stack) -> tuple[str, StateSnapshot] | None:
    """The state at the address that the stack had when it was last deployed or adopted, where it has another one by
    now."""
    last = release_of(at.history, stack.environment, stack.key)
    before = readable(at.context.survey, last.commit) if last is not None else None
    if last is None or before is None or not _is_moved(at, stack, before):
        return None
    with bench(at.context, last, aside=True) as on:
        former = on.inventory.stack(stack.key)
        return str(addresses(former, on.inventory.graph)[0]), at.context.terraform.pull_state(
            on.site(stack.key, "plan")
        )


def _is_moved(at: Takeover, stack: Stack, before: Inventory) -> bool:
    """Whether a stack had another address for its state at an earlier commit."""
    if all(one.key != stack.key for one in before.stacks):
        return False
    former = addresses(before.stack(stack.key), before.graph)
    now = addresses(stack, at.inventory.graph)
    return bool(former) and not any(one.is_same(other) for one in former for other in now)


def _settled(at: Takeover, stack: Stack) -> Settled | None:
    """How the stack came to Terrace before, where nothing is left to be done about that.

    An adoption that found differences is made again where the commit is another one by now; so is one that was killed
    before it put the old file aside.
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


def _is_left(at: Takeover, stack: Stack) -> bool:
    """Whether the checkout has a local state of the stack."""
    return bool(at.context.left.find(stack, local_paths(stack, at.inventory.graph)))


def _insist_on_own(at: Takeover, history: History, stack: Stack, state: StateSnapshot, where: str) -> None:
    """Raises BadInput where the ledger knows the state as another stack's, and where a later version wrote it."""
    owner, _ = owner_of(at.context, history, at.inventory, stack, lineages(history).get(state.lineage, frozenset()))
    if owner:
        raise BadInput(
            f"{where} holds the state of {owner} (lineage {state.lineage}): it is not adopted for {stack.key}",
            hint=f"give {stack.key} a backend address of its own, or name its own state: "
            f"`terrace state adopt {quote_word(stack.key)} --from PATH`",
        )
    if is_newer(state.terraform_version, at.context.terraform.version):
        raise BadInput(
            f"{where} was written by version {state.terraform_version or 'unknown'}, and the one in use is "
            f"{at.context.terraform.version}",
            hint="use that version or a later one: terraform: {version: ...}",
        )


def _insist_on_free(there: StateSnapshot, state: StateSnapshot, target: str, key: str) -> bool:
    """Whether the target holds the state already. Raises BadInput where it holds another one."""
    if not there.content or holds_nothing(there.content):
        return False
    if compare(there.content, state.content).empty:
        return True
    raise BadInput(
        f"{target} holds another state (lineage {there.lineage}, {len(addresses_in(there.content))} objects): "
        "it is not overwritten",
        hint=f"see whose it is; if it is not that of {key}, give {key} a backend address of its own",
    )


def _planned(at: Takeover, site: Site, found: _Found) -> tuple[Plan, tuple[str, ...]]:
    """A plan on the state, and the versions of the providers that made it: where the state is, under its lock, or in a
    scratch backend. Nothing is written anywhere else."""
    if found.in_place:
        return _plan(at, site, lock=True)
    with at.context.terraform.scratch(site) as scratch:
        at.context.terraform.push_state(scratch, found.state.content)
        return _plan(at, scratch, lock=False)


def _plan(at: Takeover, site: Site, *, lock: bool) -> tuple[Plan, tuple[str, ...]]:
    made = at.context.terraform.plan(site, lock=lock, listener=at.context.watcher.progress)
    try:
        plan = reading(at.context, site, at.inventory.commit, made)
        providers = tuple(f"{one.address} {one.version}" for one in read_lock_file(made.lock))
    finally:
        made.discard()
    if plan.errored or not plan.complete:
        raise TerraceError("Terraform could not plan everything with that state: nothing was written")
    return plan, providers
