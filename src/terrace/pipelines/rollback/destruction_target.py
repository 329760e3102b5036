"""The target of a destruction: the commit that defines what is destroyed, and the order of its stacks."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from terrace.config.model import Config
from terrace.config.naming import quote_word, unknown_name_error
from terrace.errors import BadInput, Interrupted, TerraceError
from terrace.ledger import folds
from terrace.ledger.deployment import Deployment
from terrace.ledger.model import History
from terrace.pipelines.context import readable
from terrace.report.orphans import OrphanedStack
from terrace.stacks.backends import BackendLocation, backend_locations, common_location
from terrace.stacks.inventory import Inventory
from terrace.stacks.model import Destruction
from terrace.stacks.order import Edge, find_edges
from terrace.states.backup_status import backup_statuses, lineages
from terrace.words import join_some

if TYPE_CHECKING:
    from terrace.pipelines.context import Context

_MOST_SHOWN = 3


def deployed_stacks(history: History) -> dict[str, Deployment]:
    """Returns the last deployment of every stack with resources, in all environments, by the stack's key.

    A renamed stack appears under its new name only.
    """
    deployed = _newest_deployments(history)
    renamed = _find_renamed(history, deployed)
    return {key: deployment for key, deployment in deployed.items() if key not in renamed}


def _newest_deployments(history: History) -> dict[str, Deployment]:
    touched: dict[str, Deployment] = {}
    for deployment in folds.deployments(history):
        touched.update({key: deployment for key in deployment.stacks if deployment.is_done(key) is not None})
    return {key: d for key, d in touched.items() if not (isinstance(d.origin, Destruction) and d.is_done(key))}


def _find_renamed(history: History, deployed: Mapping[str, Deployment]) -> dict[str, str]:
    """Returns the stacks whose state another stack was deployed with since, with that stack: their new names."""
    renamed: dict[str, str] = {}
    statuses = backup_statuses(history)
    shared = lineages(history)
    for key, deployment in deployed.items():
        backup_status = statuses.get(key)
        for other in sorted(shared.get(backup_status.lineage, ()) if backup_status is not None else ()):
            later = deployed.get(other)
            if other != key and later is not None and later.opened_at > deployment.opened_at:
                renamed[key] = other
    return renamed


def removed_environments(history: History, config: Config) -> dict[str, tuple[str, ...]]:
    """Returns the environments with resources that terrace.yaml no longer names, with their stacks."""
    named = {environment.name for environment in config.environments}
    removed: dict[str, tuple[str, ...]] = {}
    for key, deployment in sorted(deployed_stacks(history).items()):
        if deployment.environment not in named:
            removed[deployment.environment] = (*removed.get(deployment.environment, ()), key)
    return removed


def removed_environment_error(history: History, config: Config, name: str) -> BadInput | None:
    """Returns the error for an environment with resources that terrace.yaml no longer names; None where nothing is
    deployed under that name."""
    stacks = removed_environments(history, config).get(name)
    if stacks is None:
        return None
    is_are = "is" if len(stacks) == 1 else "are"
    return BadInput(
        f"terrace.yaml on the protected branch no longer names the environment {name!r}, where "
        f"{join_some(stacks, _MOST_SHOWN)} {is_are} still deployed",
        hint=f"`terrace destroy {quote_word(name)} --reason WHY` destroys all of it. To keep it, add the "
        "environment and its stacks to terrace.yaml again",
    )


def orphaned_stacks(survey: Callable[[str], Inventory], tip_commit: str, history: History) -> tuple[OrphanedStack, ...]:
    """Returns the stacks with resources that the protected branch no longer defines, in all environments.

    None where the protected branch cannot be read: other commands report why.
    """
    tip = readable(survey, tip_commit)
    if tip is None:
        return ()
    names = {stack.key for stack in tip.stacks}
    return tuple(
        _orphaned_stack(survey, tip, key, deployment)
        for key, deployment in sorted(deployed_stacks(history).items())
        if key not in names
    )


def _orphaned_stack(
    survey: Callable[[str], Inventory], tip: Inventory, key: str, deployment: Deployment
) -> OrphanedStack:
    """A stack that no longer exists on the protected branch, with the stack there that has its state."""
    orphaned = OrphanedStack(key, deployment.environment, deployment.commit)
    try:
        inventory = survey(deployment.commit)
    except Interrupted:
        raise
    except TerraceError as error:
        return replace(orphaned, unread=error.message, hint=error.hint or "")
    if all(stack.key != key for stack in inventory.stacks):
        return orphaned
    taken = find_new_owner(inventory, tip, key)
    return orphaned if taken is None else replace(orphaned, renamed=taken[0])


def find_new_owner(inventory: Inventory, tip: Inventory, key: str) -> tuple[str, BackendLocation] | None:
    """Returns the stack of the protected branch (`tip`) that now has the state of a stack of an earlier commit, with
    the address; None where there is none. The stack was renamed, or another one names its state."""
    locations = backend_locations(inventory.stack(key), inventory.graph)
    for stack in tip.stacks:
        same = common_location(backend_locations(stack, tip.graph), locations) if stack.key != key else None
        if same is not None:
            return stack.key, same
    return None


@dataclass(frozen=True, slots=True)
class UnreadableReaders:
    """Deployed stacks that may or may not read outputs, because their configuration at the deployed commit cannot be
    read here. `why` is the reason, `hint` how to get the commit."""

    stacks: tuple[str, ...]
    commit: str
    why: str
    hint: str


@dataclass(frozen=True, slots=True)
class RemainingReaders:
    """The deployed stacks that would still read outputs of destroyed stacks: `edges` are the outputs, `unread` the
    stacks that may read some."""

    edges: tuple[Edge, ...] = ()
    unread: tuple[UnreadableReaders, ...] = ()

    @property
    def stacks(self) -> frozenset[str]:
        """All of them by their keys."""
        return frozenset({edge.reader for edge in self.edges}.union(*(reader.stacks for reader in self.unread)))


def find_readers(survey: Callable[[str], Inventory], history: History, keys: Collection[str]) -> RemainingReaders:
    """Returns the deployed stacks that would still read outputs of these stacks, and those for which that is
    unknown."""
    commits: dict[str, set[str]] = {}
    for key, deployment in deployed_stacks(history).items():
        if key not in keys:
            commits.setdefault(deployment.commit, set()).add(key)
    edges: list[Edge] = []
    unread: list[UnreadableReaders] = []
    for commit, readers in sorted(commits.items()):
        try:
            inventory = survey(commit)
        except Interrupted:
            raise
        except TerraceError as error:
            unread.append(UnreadableReaders(tuple(sorted(readers)), commit, error.message, error.hint or ""))
            continue
        absent = readers - {stack.key for stack in inventory.stacks}
        if absent:
            why = f"the configuration at {commit[:7]} does not define such a stack"
            unread.append(UnreadableReaders(tuple(sorted(absent)), commit, why, ""))
        for edge in find_edges(inventory.stacks, inventory.graph):
            if edge.certain and edge.owner in keys and edge.reader in readers:
                edges.append(edge)
    return RemainingReaders(tuple(sorted(edges)), tuple(unread))


def stacks_to_destroy(history: History, environment: str) -> dict[str, Deployment]:
    """Returns the deployed stacks of an environment, each with its deployment. Raises BadInput where there are none."""
    deployed = {key: d for key, d in deployed_stacks(history).items() if d.environment == environment}
    if not deployed:
        raise BadInput(
            f"nothing is deployed in {environment}: there is nothing to destroy",
            hint="`terrace status` shows what is deployed where",
        )
    return deployed


def find_destruction(
    context: Context, history: History, environment: str, stack: str | None
) -> tuple[str, tuple[tuple[str, ...], ...]]:
    """Returns the commit that defines what is deployed, and its stacks in the order of their destruction.

    Raises BadInput where nothing is deployed, or where no single commit defines everything that is.
    """
    from terrace.pipelines.deploy.lifecycle import deployment_waves

    deployed = stacks_to_destroy(history, environment)
    if stack is not None:
        renamed = _find_renamed(history, _newest_deployments(history))
        if stack in renamed:
            other = renamed[stack]
            raise BadInput(
                f"{stack} was renamed to {other}, which has its state: there is nothing else to destroy",
                hint=f"to destroy the resources of {other}: `terrace destroy {environment} {other} --reason WHY`",
            )
        if stack not in deployed:
            raise unknown_name_error("stack with something deployed", stack, deployed)
        return deployed[stack].commit, ((stack,),)
    commit = max(deployed.values(), key=lambda d: d.opened_at).commit
    waves = deployment_waves(context.survey(commit), environment)
    strangers = sorted(deployed.keys() - {key for wave in waves for key in wave})
    if strangers:
        raise BadInput(
            f"{commit[:7]} does not define {', '.join(strangers)}, which is deployed in {environment}",
            hint=f"destroy it first: `terrace destroy {environment} {strangers[0]} --reason WHY`",
        )
    return commit, tuple(reversed(waves))
