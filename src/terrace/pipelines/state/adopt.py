"""A state that exists elsewhere becomes the state of a stack: tried, backed up, moved, compared, recorded."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from terrace.errors import BadInput, NotReady, TerraceError
from terrace.ledger import kinds
from terrace.ledger.model import Draft, History
from terrace.ledger.states import lineages, release_of
from terrace.pipelines.asking import insist_on_readable
from terrace.pipelines.crew import Crew
from terrace.pipelines.ground import site_in
from terrace.pipelines.journal import append
from terrace.pipelines.look import plan_of
from terrace.pipelines.state.bench import bench, environment_of
from terrace.pipelines.state.proposal import stands_free
from terrace.pipelines.state_owners import owner_of
from terrace.plans.adoption import Adopted, Adoption
from terrace.plans.left_states import LeftState
from terrace.plans.model import Action, Plan
from terrace.plans.restoring import is_newer
from terrace.plans.state_file import addresses_in, compare, holds_nothing, read_state
from terrace.plans.terraform import Purpose, Site, StateSnapshot
from terrace.stacks.backends import addresses, local_paths, moved_parts, recorded_address
from terrace.stacks.landscape import Landscape
from terrace.stacks.model import Stack
from terrace.stacks.naming import no_such, shell_word


def propose_adoption(crew: Crew, key: str, path: str | None = None) -> Adoption:
    """Returns what adopting a state would mean; nothing is written.

    The state is the one in the file `path`, that of the address which the stack had at its last deployment, the one
    that Terraform left in the checkout, or the one in the backend that `init` recorded there.

    Raises BadInput where there is no such state, where it is another stack's, and where the target holds another state.
    """
    history = crew.ledger.read()
    environment = environment_of(crew, key)
    stands_free(history, environment)
    insist_on_readable(crew, history, environment)
    tip = crew.repository.protected_tip()
    landscape = crew.survey(tip)
    try:
        stack = landscape.stack(key)
    except KeyError:
        raise no_such("stack", key, [one.key for one in landscape.of(environment)]) from None
    source, state, left = _source(crew, history, landscape, stack, path)
    if holds_nothing(state.content):
        raise BadInput(f"{source} holds no object and no output: there is nothing to adopt for {key}")
    _insist_on_own(crew, history, landscape, stack, state, source)
    target = _target(landscape, stack)
    with _site(crew, landscape, stack, "plan") as site:
        there = crew.terraform.pull_state(site)
        done = _insist_on_free(there, state, target, key)
        if done:
            _insist_on_own(crew, history, landscape, stack, there, target)
        plan = _tried(crew, site, tip, state)
    creates = tuple(c.address for c in plan.effective if c.action is Action.CREATE and not c.importing)
    changes = len(plan.effective) - len(creates)
    return Adoption(stack, tip, source, target, state, addresses_in(state.content), creates, changes, left, done)


def insist_on_no_creation(adoption: Adoption, accepted: frozenset[str]) -> None:
    """Raises BadInput where a plan on the state creates objects that were not accepted."""
    fresh = [address for address in adoption.creates if address not in accepted]
    if fresh:
        words = " ".join(f"--accept {shell_word(address)}" for address in fresh[:5])
        raise BadInput(
            f"with that state a plan would create {', '.join(fresh[:5])}"
            + (f" and {len(fresh) - 5} more" if len(fresh) > 5 else "")
            + ": it may not be the state of this stack, or an old one; nothing was written",
            hint=f"if they are really new: {words}",
        )


def adopt(crew: Crew, adoption: Adoption, accepted: frozenset[str], reason: str) -> Adopted:
    """Moves a state to where Terrace plans the stack, and writes that down.

    The copy of the state is made first. The target takes it only where it is empty; killed anywhere, the same command
    goes on. Raises BadInput where the source or the target changed since the adoption was proposed.
    """
    insist_on_no_creation(adoption, accepted)
    key, environment = adoption.stack.key, adoption.stack.environment
    with crew.leases.hold(environment) as free:
        if not free:
            raise NotReady(f"another process of this machine works on {environment}", hint="wait for its end")
        again = propose_adoption(crew, key, adoption.left.path if adoption.left is not None else None)
        if (again.state.content, again.commit) != (adoption.state.content, adoption.commit):
            raise BadInput(f"{adoption.source} or the branch changed meanwhile: nothing was written", hint="look again")
        before = crew.backups.save(
            environment, key, adoption.state, commit=adoption.commit, deployment="none", moment="before"
        )
        landscape = crew.survey(adoption.commit)
        with _site(crew, landscape, adoption.stack, "apply") as site:
            if not again.done:
                crew.terraform.push_state(site, adoption.state.content)
            now = crew.terraform.pull_state(site)
        if not compare(now.content, adoption.state.content).empty:
            raise NotReady(
                f"the state of {key} differs from the one that was moved: another process wrote it",
                hint=f"the copy is {before.name}: `terrace state diff {shell_word(key)}`",
            )
        after = crew.backups.save(environment, key, now, commit=adoption.commit, deployment="none", moment="after")
        said = f"adopted from {adoption.source}: {reason}"
        drafts = [
            Draft(
                kinds.STATE_BACKED_UP,
                key,
                crew.actor,
                {
                    "environment": environment,
                    "finding": "saved",
                    "reason": said,
                    "backup": record.original,
                    "lineage": record.lineage,
                    "serial": record.serial,
                    "sha256": record.sha256,
                    "commit": adoption.commit,
                    "continues": before.lineage if record.lineage != before.lineage else "",
                },
            )
            for record in dict.fromkeys((before, after))
        ]

        def decide(seen: History) -> tuple[Draft, ...]:
            stands_free(seen, environment)
            return tuple(drafts)

        append(crew.ledger, crew.ledger.read(), decide)
        aside = crew.left.put_aside(adoption.left) if adoption.left is not None else ""
    return Adopted(adoption, now, after.name, aside)


@contextmanager
def _site(crew: Crew, landscape: Landscape, stack: Stack, purpose: Purpose) -> Iterator[Site]:
    """Where the stack is worked on at the tip of the protected branch, aside from deployments."""
    with crew.repository.checkout(landscape.commit, f"{stack.environment}-state") as root:
        yield site_in(crew, landscape, stack, root, purpose)


def _target(landscape: Landscape, stack: Stack) -> str:
    found = addresses(stack, landscape.graph)
    if not found or found[0].type == "local":
        return "the place where Terrace keeps local states"
    return str(found[0])


def _source(
    crew: Crew, history: History, landscape: Landscape, stack: Stack, path: str | None
) -> tuple[str, StateSnapshot, LeftState | None]:
    """Where the state is now, what it is, and its file where it is one."""
    if path is not None:
        return _of_file(crew.left.read(path))
    earlier = _earlier(crew, history, landscape, stack)
    if earlier is not None:
        return (*earlier, None)
    found = crew.left.find(stack, local_paths(stack, landscape.graph))
    if len(found) > 1:
        raise BadInput(
            f"Terraform left several states for {stack.key}: {', '.join(one.path for one in found)}",
            hint="say which: --from PATH",
        )
    if found:
        return _of_file(found[0])
    recorded = crew.left.backend(stack)
    if recorded is not None:
        mine = addresses(stack, landscape.graph)
        if all(moved_parts(address, recorded.type, recorded.config, stack.workspace) for address in mine):
            variables = crew.variables(crew.config.environment(stack.environment), "plan")
            state = crew.terraform.pull_from(stack, recorded, variables)
            return str(recorded_address(recorded.type, recorded.config, stack.workspace)), state, None
    raise BadInput(
        f"there is no state to adopt for {stack.key}: Terraform left none beside it, at no path that its backend names",
        hint="name its file: --from PATH",
    )


def _of_file(left: LeftState) -> tuple[str, StateSnapshot, LeftState]:
    if left.problem:
        raise BadInput(f"{left.path} cannot be adopted: {left.problem}", hint="name another file: --from PATH")
    return left.path, read_state(left.content, left.path), left


def _earlier(crew: Crew, history: History, landscape: Landscape, stack: Stack) -> tuple[str, StateSnapshot] | None:
    """The state at the address that the stack had at its last deployment, where it has another one by now."""
    deployment = release_of(history, stack.environment, stack.key)
    if deployment is None:
        return None
    with bench(crew, deployment, aside=True) as on:
        try:
            former = on.landscape.stack(stack.key)
        except KeyError:
            return None
        before = addresses(former, on.landscape.graph)
        now = addresses(stack, landscape.graph)
        if not before or any(one.is_same(other) for one in before for other in now):
            return None
        return str(before[0]), crew.terraform.pull_state(on.site(stack.key, "plan"))


def _insist_on_own(
    crew: Crew, history: History, landscape: Landscape, stack: Stack, state: StateSnapshot, where: str
) -> None:
    """Raises BadInput where the ledger knows the state as another stack's."""
    owner, _ = owner_of(crew, landscape, stack, lineages(history).get(state.lineage, frozenset()))
    if owner:
        raise BadInput(
            f"{where} holds the state of {owner} (lineage {state.lineage}): it is not adopted for {stack.key}",
            hint=f"give {stack.key} a backend address of its own, or name its own state: --from PATH",
        )
    if is_newer(state.terraform_version, crew.terraform.version):
        raise BadInput(
            f"{where} was written by version {state.terraform_version or 'unknown'}, and the one in use is "
            f"{crew.terraform.version}",
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


def _tried(crew: Crew, site: Site, commit: str, state: StateSnapshot) -> Plan:
    """A plan on that state in a scratch backend: nothing is written anywhere else."""
    with crew.terraform.scratch(site) as scratch:
        crew.terraform.push_state(scratch, state.content)
        plan = plan_of(crew, scratch, commit)
    if plan.errored or not plan.complete:
        raise TerraceError("Terraform could not plan everything with that state: nothing was written")
    return plan
