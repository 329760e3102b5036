"""Everything that is due now. No process waits for time to pass; `terrace tick` does what is due and exits."""

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
    """An open deployment that no process runs. Resuming it shows whether it still waits."""

    deployment: Deployment

    def run(self, context: Context) -> Deployment | Refused:
        """Resumes it."""
        return resume(context, self.deployment)


@dataclass(frozen=True, slots=True)
class Enter:
    """A commit that is due in an environment with automatic deployments."""

    environment: str
    commit: str

    def run(self, context: Context) -> Deployment | Refused:
        """Deploys it."""
        return deploy(context, self.environment, self.commit, Automatic())


@dataclass(frozen=True, slots=True)
class GoBackNow:
    """A failed release whose process terminated before it rolled back."""

    failed: Deployment

    def run(self, context: Context) -> Deployment | Refused | None:
        """Rolls it back, where that is configured and safe."""
        done = react(context, self.failed)
        return None if isinstance(done, Pause) else done


@dataclass(frozen=True, slots=True)
class LetGo:
    """An environment on hold after a rollback, while the protected branch matches again what is deployed there."""

    environment: str

    def run(self, context: Context) -> Released | None:
        """Releases the hold, if the plans at the protected branch have no changes."""
        return let_go(context, self.environment)


Due = GoOn | Enter | GoBackNow | LetGo


def due(context: Context, names: Collection[str] = ()) -> tuple[Due, ...]:
    """Returns what is due now in the environments of these names, or in all of them, in promotion order.

    The end of a soak period makes an environment with automatic deployments due.
    """
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
    """The environments in which a `tick` would do something: where a deployment would start (it begins with plans), and
    where one would continue or a hold be released."""

    enters: tuple[str, ...]
    goes_on: tuple[str, ...]


def stirring(context: Context, names: Collection[str] = ()) -> Stirring:
    """Returns where something is due, without doing it. Deployments that only wait are left out."""
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
