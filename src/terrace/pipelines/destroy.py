"""Everything that an environment, or one stack of it, holds is taken down: the same gates, the order reversed."""

from __future__ import annotations

from terrace.errors import BadInput
from terrace.ledger import folds
from terrace.ledger.model import History
from terrace.pipelines.crew import Crew
from terrace.pipelines.deploy import enter, resume
from terrace.pipelines.opening import Opening, Refused, waves_of
from terrace.rollout.model import Deployment
from terrace.stacks.model import Destruction
from terrace.stacks.naming import no_such


def destroy(crew: Crew, environment: str, stack: str | None, reason: str) -> Deployment | Refused:
    """Plan the destruction, ask as for a deployment, and take it all down. An unfinished one of the same is taken up.

    Raises BadInput when nothing is there, or when no single commit knows all that is.
    """
    crew.config.environment(environment)
    history = crew.ledger.read()
    current = folds.latest(history, environment)
    if current is not None and _asks_the_same(current, stack):
        return resume(crew, current)
    commit, waves = _what(crew, history, environment, stack)
    origin = Destruction(crew.actor, reason)
    opening = Opening(environment, commit, origin, waves, live=commit, partial=stack is not None)
    return enter(crew, history, opening)


def _asks_the_same(current: Deployment, stack: str | None) -> bool:
    """Whether an open deployment takes down exactly what is asked for: never more than what was typed back."""
    if not current.open or not isinstance(current.origin, Destruction):
        return False
    return current.stacks == (stack,) if stack is not None else not current.partial


def _what(crew: Crew, history: History, environment: str, stack: str | None) -> tuple[str, tuple[tuple[str, ...], ...]]:
    """The commit that knows what is there, and its stacks in the order in which they go down."""
    touched: dict[str, Deployment] = {}
    for deployment in folds.deployments(history):
        if deployment.environment == environment:
            touched.update({key: deployment for key in deployment.stacks if deployment.done(key) is not None})
    there = {key: d for key, d in touched.items() if not (isinstance(d.origin, Destruction) and d.done(key))}
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
            hint=f"destroy it first: `terrace destroy {environment} {strangers[0]}`",
        )
    return commit, tuple(reversed(waves))
