"""What a destruction takes down: the commit that knows it, and the order of its stacks."""

from __future__ import annotations

from collections.abc import Collection

from terrace.errors import BadInput, Interrupted, TerraceError
from terrace.ledger import folds
from terrace.ledger.model import History
from terrace.pipelines.crew import Crew
from terrace.pipelines.opening import waves_of
from terrace.rollout.model import Deployment
from terrace.stacks.model import Destruction
from terrace.stacks.naming import no_such
from terrace.stacks.order import Edge, edges


def deployed_stacks(history: History) -> dict[str, Deployment]:
    """Returns the last deployment of every stack that holds something, of all environments, by the stack's key."""
    touched: dict[str, Deployment] = {}
    for deployment in folds.deployments(history):
        touched.update({key: deployment for key in deployment.stacks if deployment.done(key) is not None})
    return {key: d for key, d in touched.items() if not (isinstance(d.origin, Destruction) and d.done(key))}


def readers_left(crew: Crew, history: History, keys: Collection[str]) -> tuple[Edge, ...]:
    """Returns which deployed stacks would still read outputs of these stacks when they are gone."""
    commits: dict[str, set[str]] = {}
    for key, deployment in deployed_stacks(history).items():
        if key not in keys:
            commits.setdefault(deployment.commit, set()).add(key)
    found: list[Edge] = []
    for commit, readers in sorted(commits.items()):
        try:
            there = crew.survey(commit)
        except Interrupted:
            raise
        except TerraceError:
            # The commit is not in this clone, and what its stacks read is not known.
            continue
        for edge in edges(there.stacks, there.graph):
            if edge.certain and edge.owner in keys and edge.reader in readers:
                found.append(edge)
    return tuple(sorted(found))


def destruction_of(
    crew: Crew, history: History, environment: str, stack: str | None
) -> tuple[str, tuple[tuple[str, ...], ...]]:
    """Returns the commit that knows what is there, and its stacks in the order in which they go down.

    Raises BadInput where nothing is there, or where no single commit knows all that is.
    """
    there = {key: d for key, d in deployed_stacks(history).items() if d.environment == environment}
    if not there:
        raise BadInput(
            f"nothing is deployed in {environment}: there is nothing to destroy",
            hint="`terrace status` shows what is deployed where",
        )
    if stack is not None:
        if stack not in there:
            raise no_such("stack with something deployed", stack, there)
        return there[stack].commit, ((stack,),)
    commit = max(there.values(), key=lambda d: d.opened_at).commit
    waves = waves_of(crew.survey(commit), environment)
    strangers = sorted(there.keys() - {key for wave in waves for key in wave})
    if strangers:
        raise BadInput(
            f"{commit[:7]} does not know {', '.join(strangers)}, which is deployed in {environment}",
            hint=f"destroy it first: `terrace destroy {environment} {strangers[0]} --reason WHY`",
        )
    return commit, tuple(reversed(waves))
