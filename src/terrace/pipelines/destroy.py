"""Everything that an environment, or one stack of it, holds is taken down: the same gates, the order reversed."""

from __future__ import annotations

from terrace.errors import BadInput
from terrace.gates.model import GateResult, Outcome, Verdict
from terrace.ledger import folds
from terrace.ledger.model import History
from terrace.pipelines.crew import Crew
from terrace.pipelines.deploy import enter, resume
from terrace.pipelines.opening import Opening, Refused, waves_of
from terrace.rollout.model import Deployment
from terrace.stacks.model import Destruction
from terrace.stacks.naming import no_such


def destroy(crew: Crew, environment: str, stack: str | None, reason: str) -> Deployment | Refused:
    """Plan the destruction, ask as for a deployment, and take it all down. An unfinished one is taken up.

    Raises BadInput when nothing is there, or when no single commit knows all that is.
    """
    settings = crew.config.environment(environment)
    history = crew.ledger.read()
    current = folds.latest(history, environment)
    if current is not None and current.open and isinstance(current.origin, Destruction):
        return resume(crew, current)
    commit, waves = _what(crew, history, environment, stack)
    if settings.protected:
        how = f"`environments.{environment}.protected: false` of terrace.yaml, merged, lets it be destroyed"
        block = GateResult("protected", Outcome.BLOCK, f"{environment} is protected: it is never destroyed", how)
        return Refused(commit, Verdict(environment, (block,)))
    origin = Destruction(crew.actor, reason)
    opening = Opening(environment, commit, origin, waves, live=commit, partial=stack is not None)
    return enter(crew, history, opening)


def _what(crew: Crew, history: History, environment: str, stack: str | None) -> tuple[str, tuple[tuple[str, ...], ...]]:
    """The commit that knows what is there, and its stacks in the order in which they go down."""
    touched: dict[str, Deployment] = {}
    for deployment in folds.deployments(history):
        if deployment.environment == environment:
            touched.update({key: deployment for key in deployment.stacks if deployment.done(key) is not None})
    there = {key: d for key, d in touched.items() if not (isinstance(d.origin, Destruction) and d.done(key))}
    if not there:
        raise BadInput(f"nothing is deployed in {environment}: there is nothing to destroy")
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
