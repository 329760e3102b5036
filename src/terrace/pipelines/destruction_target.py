"""What a destruction takes down: the commit that knows it, and the order of its stacks."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from terrace.errors import BadInput
from terrace.ledger import folds
from terrace.ledger.model import History
from terrace.ledger.states import lineages, standings
from terrace.pipelines.crew import Crew, readable
from terrace.pipelines.opening import waves_of
from terrace.report.leftovers import Leftover
from terrace.rollout.model import Deployment
from terrace.stacks.backends import Address, addresses, common
from terrace.stacks.landscape import Landscape
from terrace.stacks.model import Destruction
from terrace.stacks.naming import no_such
from terrace.stacks.order import Edge, edges


def deployed_stacks(history: History) -> dict[str, Deployment]:
    """Returns the last deployment of every stack that holds something, of all environments, by the stack's key.

    One that was renamed is there by its new name only.
    """
    there = _deployed(history)
    renamed = _renamed(history, there)
    return {key: deployment for key, deployment in there.items() if key not in renamed}


def _deployed(history: History) -> dict[str, Deployment]:
    touched: dict[str, Deployment] = {}
    for deployment in folds.deployments(history):
        touched.update({key: deployment for key in deployment.stacks if deployment.done(key) is not None})
    return {key: d for key, d in touched.items() if not (isinstance(d.origin, Destruction) and d.done(key))}


def _renamed(history: History, there: Mapping[str, Deployment]) -> dict[str, str]:
    """The stacks whose state another stack was deployed with since, with that stack: it is the new name of it."""
    found: dict[str, str] = {}
    known = standings(history)
    shared = lineages(history)
    for key, deployment in there.items():
        standing = known.get(key)
        for other in sorted(shared.get(standing.lineage, ()) if standing is not None else ()):
            later = there.get(other)
            if other != key and later is not None and later.opened_at > deployment.opened_at:
                found[key] = other
    return found


def leftovers(survey: Callable[[str], Landscape], tip_commit: str, history: History) -> tuple[Leftover, ...]:
    """Returns the stacks that hold something and that the protected branch no longer names, of all environments.

    None where the protected branch cannot be read: other commands say why.
    """
    tip = readable(survey, tip_commit)
    if tip is None:
        return ()
    names = {stack.key for stack in tip.stacks}
    return tuple(
        Leftover(key, deployment.environment, deployment.commit, _new_name(survey, tip, key, deployment.commit))
        for key, deployment in sorted(deployed_stacks(history).items())
        if key not in names
    )


def _new_name(survey: Callable[[str], Landscape], tip: Landscape, key: str, commit: str) -> str:
    """The stack of the protected branch that has the state of a stack which is gone there; "" where there is none."""
    there = readable(survey, commit)
    if there is None or all(one.key != key for one in there.stacks):
        return ""
    found = taken_over(there, tip, key)
    return found[0] if found is not None else ""


def taken_over(here: Landscape, tip: Landscape, key: str) -> tuple[str, Address] | None:
    """Returns the stack of the protected branch (`tip`) that has the state of a stack of an earlier commit by now, with
    the address; None where there is none. The stack was renamed, or another one names its state."""
    mine = addresses(here.stack(key), here.graph)
    for stack in tip.stacks:
        same = common(addresses(stack, tip.graph), mine) if stack.key != key else None
        if same is not None:
            return stack.key, same
    return None


def readers_left(crew: Crew, history: History, keys: Collection[str]) -> tuple[Edge, ...]:
    """Returns which deployed stacks would still read outputs of these stacks when they are gone."""
    commits: dict[str, set[str]] = {}
    for key, deployment in deployed_stacks(history).items():
        if key not in keys:
            commits.setdefault(deployment.commit, set()).add(key)
    found: list[Edge] = []
    for commit, readers in sorted(commits.items()):
        there = readable(crew.survey, commit)
        if there is None:
            # What its stacks read is not known.
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
        renamed = _renamed(history, _deployed(history))
        if stack in renamed:
            other = renamed[stack]
            raise BadInput(
                f"{stack} was renamed to {other}, which has its state: there is nothing else to destroy",
                hint=f"if the objects of {other} have to go: `terrace destroy {environment} {other} --reason WHY`",
            )
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
