"""What a destruction takes down: the commit that knows it, and the order of its stacks."""

from __future__ import annotations

from terrace.errors import BadInput
from terrace.ledger import folds
from terrace.ledger.model import History
from terrace.pipelines.crew import Crew
from terrace.pipelines.opening import waves_of
from terrace.rollout.model import Deployment
from terrace.stacks.model import Destruction
from terrace.stacks.naming import no_such


def destruction_of(
    crew: Crew, history: History, environment: str, stack: str | None
) -> tuple[str, tuple[tuple[str, ...], ...]]:
    """Returns the commit that knows what is there, and its stacks in the order in which they go down.

    Raises BadInput where nothing is there, or where no single commit knows all that is.
    """
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
            hint=f"destroy it first: `terrace destroy {environment} {strangers[0]} --reason WHY`",
        )
    return commit, tuple(reversed(waves))
