"""All that is due at this moment. Time passes outside of any process; whoever calls `tick` lets it act."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from terrace.gates.model import Outcome
from terrace.ledger import folds
from terrace.ledger.deployment import Deployment
from terrace.operations.reaction import GoBack, Pause, reaction
from terrace.pipelines.context import Context
from terrace.pipelines.deploy.deploy import deploy, rests, resume
from terrace.pipelines.deploy.gates import entry
from terrace.pipelines.deploy.lifecycle import Refused
from terrace.pipelines.holds import Released, let_go, says_what_is_live
from terrace.pipelines.recovery.attestations import driven
from terrace.pipelines.rollback.rollback import react
from terrace.stacks.model import Automatic


@dataclass(frozen=True, slots=True)
class GoOn:
    """An open deployment that nobody drives: whether it waits for more is found out by going on."""

    deployment: Deployment

    def run(self, context: Context) -> Deployment | Refused:
        """Take it up."""
        return resume(context, self.deployment)


@dataclass(frozen=True, slots=True)
class Enter:
    """A commit that an automatic environment takes."""

    environment: str
    commit: str

    def run(self, context: Context) -> Deployment | Refused:
        """Deploy it."""
        return deploy(context, self.environment, self.commit, Automatic())


@dataclass(frozen=True, slots=True)
class GoBackNow:
    """A release failed and whoever saw it was gone before it could be undone."""

    failed: Deployment

    def run(self, context: Context) -> Deployment | Refused | None:
        """Undo it, where that is agreed and safe."""
        done = react(context, self.failed)
        return None if isinstance(done, Pause) else done


@dataclass(frozen=True, slots=True)
class LetGo:
    """An environment that was rolled back is held, and the protected branch says again what is live there."""

    environment: str

    def run(self, context: Context) -> Released | None:
        """Let it go, if a plan of the tip does nothing."""
        return let_go(context, self.environment)


Due = GoOn | Enter | GoBackNow | LetGo


def due(context: Context, names: Collection[str] = ()) -> tuple[Due, ...]:
    """What to do now, up the ladder, in the environments of these names; in all of them without. A soak that is over
    makes an automatic environment due."""
    history = context.ledger.read()
    found: list[Due] = []
    for environment in context.config.environments:
        if names and environment.name not in names:
            continue
        latest = folds.latest(history, environment.name)
        if latest is not None and latest.open:
            if not driven(context, history, latest):
                found.append(GoOn(latest))
            continue
        if latest is not None and isinstance(reaction(environment, latest, history), GoBack):
            found.append(GoBackNow(latest))
            continue
        if says_what_is_live(context, history, environment.name):
            found.append(LetGo(environment.name))
            continue
        if environment.deploy != "automatic":
            continue
        commit = context.repository.protected_tip()
        if environment.after is not None:
            above = folds.last_good(history, environment.after)
            if above is None:
                continue
            commit = above.commit
        if latest is not None and latest.commit == commit:
            continue
        if entry(context, history, environment.name, commit, Automatic()).outcome is Outcome.PASS:
            found.append(Enter(environment.name, commit))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Stirring:
    """Where something would come of a `tick`: the environments that something `enters`, which begins with plans, and
    those where something `goes on`."""

    enters: tuple[str, ...]
    goes_on: tuple[str, ...]


def stirring(context: Context, names: Collection[str] = ()) -> Stirring:
    """Look what is due, and do none of it. What only waits is not told."""
    history = context.ledger.read()
    found = [
        one for one in due(context, names) if not (isinstance(one, GoOn) and rests(context, history, one.deployment))
    ]
    entering = tuple(one.environment for one in found if isinstance(one, Enter))
    return Stirring(entering, tuple(_where(one) for one in found if not isinstance(one, Enter)))


def _where(one: Due) -> str:
    match one:
        case GoOn(deployment) | GoBackNow(deployment):
            return deployment.environment
        case Enter(environment) | LetGo(environment):
            return environment
