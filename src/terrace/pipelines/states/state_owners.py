"""Ownership of states: a stack is refused where its state is another stack's, by address and by lineage."""

from __future__ import annotations

from collections.abc import Iterator

from terrace.ledger import folds
from terrace.ledger.adoptions import newest_adoptions
from terrace.ledger.deployment import Deployment, Step
from terrace.ledger.model import History
from terrace.pipelines.context import Context, readable
from terrace.stacks.backends import backend_locations, common_location
from terrace.stacks.inventory import Inventory
from terrace.stacks.model import Destruction, Stack


def foreign_addresses(context: Context, history: History, deployment: Deployment) -> tuple[str, ...]:
    """Returns, for each stack of a deployment that names the state of another one, the owner and the place in the
    configuration.

    Compared are the stacks of its own commit, of the protected branch, and the deployed ones: a commit that gives one
    stack another address and its old one to a second stack does not share a state by that.
    """
    inventory = context.survey(deployment.commit)
    keys = set(deployment.stacks)
    own_stacks = [stack for stack in inventory.of(deployment.environment) if stack.key in keys]
    foreign: dict[str, str] = {}
    for source, others in _other_stacks(context, history, inventory):
        for stack in own_stacks:
            for other in others:
                if stack.key not in foreign and not _may_share(inventory, stack, other):
                    same = common_location(
                        backend_locations(stack, inventory.graph), backend_locations(other, source.graph)
                    )
                    if same is not None:
                        where = f" ({same.place})" if same.place is not None else ""
                        at = "" if source is inventory else f" at {source.commit[:7]}"
                        foreign[stack.key] = f"{stack.key}{where} names the state of {other.key}{at}: {same}"
    return tuple(foreign.values())


def _may_share(inventory: Inventory, stack: Stack, other: Stack) -> bool:
    """Returns whether two stacks of two commits may have one state: they are the same stack, or it was renamed.

    A renamed one no longer exists at this commit, and stays under the gates of its environment.
    """
    if stack.key == other.key:
        return True
    return stack.environment == other.environment and all(stack.key != other.key for stack in inventory.stacks)


def _other_stacks(
    context: Context, history: History, inventory: Inventory
) -> Iterator[tuple[Inventory, tuple[Stack, ...]]]:
    """Yields the stacks that may be named by mistake, each with the inventory that it belongs to."""
    yield inventory, inventory.stacks
    tip = context.repository.protected_tip()
    if tip != inventory.commit:
        yield (tip_inventory := context.survey(tip)), tip_inventory.stacks
    for commit, keys in _deployed_commits(context, history).items():
        if commit in (tip, inventory.commit):
            continue
        deployed = readable(context.survey, commit)
        # Where it cannot be read, the lineage of the state is still compared.
        if deployed is not None:
            yield deployed, tuple(stack for stack in deployed.stacks if stack.key in keys)


def _deployed_commits(context: Context, history: History) -> dict[str, set[str]]:
    """Returns the commits that stacks were last applied from or adopted at, with those stacks; without destroyed
    ones."""
    names = {environment.name for environment in context.config.environments}
    last: dict[str, str] = {}
    for deployment in folds.deployments(history):
        for key in deployment.stacks if deployment.environment in names else ():
            if deployment.last(Step.APPLY, key) is None and not deployment.is_done(key):
                continue
            last[key] = deployment.commit
            if isinstance(deployment.origin, Destruction) and deployment.is_done(key):
                del last[key]
    for name in names:
        last |= {key: adoption.commit for key, adoption in newest_adoptions(history, name).items()}
    deployed: dict[str, set[str]] = {}
    for key, commit in last.items():
        deployed.setdefault(commit, set()).add(key)
    return deployed


def owner_of(
    context: Context, history: History, inventory: Inventory, stack: Stack, owners: frozenset[str]
) -> tuple[str, str]:
    """Returns the stack that a state belongs to instead of this one, and the former name of this one.

    `owners` are the stacks that had the lineage of the state, according to the ledger. Each is "" where there is none.
    A stack was renamed where the other one no longer exists at this commit and was in the same environment, or in one
    that the trust root no longer has and that was renamed to this one.
    """
    former = ""
    for other in sorted(owners - {stack.key}):
        environment = other.partition("/")[0]
        gone = all(stack.key != other for stack in inventory.stacks)
        if not gone or (
            environment != stack.environment and not _is_new_name(context, history, stack.environment, other)
        ):
            return other, ""
        former = other
    return "", "" if stack.key in owners else former


def _is_new_name(context: Context, history: History, environment: str, other: str) -> bool:
    """Returns whether an environment may be the new name of that of another stack, which no longer exists.

    It is not where it existed already when the other was last deployed: then it would adopt, under its own rules, what
    other people own. Where that is unknown it is not either.
    """
    gone = other.partition("/")[0]
    if any(environment.name == gone for environment in context.config.environments):
        return False
    commits = [
        deployment.commit
        for deployment in folds.deployments(history)
        if deployment.environment == gone and other in deployment.stacks
    ]
    adopted = newest_adoptions(history, gone).get(other)
    if adopted is not None:
        commits.append(adopted.commit)
    before = readable(context.survey, commits[-1]) if commits else None
    return before is not None and all(other.name != environment for other in before.config.environments)
