"""Everything that is due now. No process waits for time to pass; `terrace tick` does all scheduled work and exits."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from terrace.gates.model import Outcome
from terrace.ledger import folds
from terrace.ledger.deployment import Deployment
from terrace.pipelines import audit
from terrace.pipelines.context import Context
from terrace.pipelines.deploy.deploy import deploy, is_waiting, resume
from terrace.pipelines.deploy.gates import entry
from terrace.pipelines.deploy.lifecycle import Refused
from terrace.pipelines.drift import detect
from terrace.pipelines.holds import Released, let_go, matches_deployed
from terrace.pipelines.recovery.attestations import may_still_run
from terrace.pipelines.rollback.rollback import react
from terrace.pipelines.states.back_up import due_for_backup
from terrace.rollout.automatic_rollback import GoBack, Pause, reaction
from terrace.stacks.model import Automatic


@dataclass(frozen=True, slots=True)
class ResumeDeployment:
    """An open deployment that no process runs. Resuming it shows whether it still waits."""

    deployment: Deployment

    def run(self, context: Context) -> Deployment | Refused:
        """Resumes it."""
        return resume(context, self.deployment)


@dataclass(frozen=True, slots=True)
class DueDeployment:
    """A commit that is due in an environment with automatic deployments."""

    environment: str
    commit: str

    def run(self, context: Context) -> Deployment | Refused:
        """Deploys it."""
        return deploy(context, self.environment, self.commit, Automatic())


@dataclass(frozen=True, slots=True)
class RollBack:
    """A failed release whose process terminated before it rolled back."""

    failed: Deployment

    def run(self, context: Context) -> Deployment | Refused | None:
        """Rolls it back, where that is configured and safe."""
        done = react(context, self.failed)
        return None if isinstance(done, Pause) else done


@dataclass(frozen=True, slots=True)
class ReleaseHold:
    """An environment on hold after a rollback, while the protected branch matches again what is deployed there."""

    environment: str

    def run(self, context: Context) -> Released | None:
        """Releases the hold, if the plans at the protected branch have no changes."""
        return let_go(context, self.environment)


Due = ResumeDeployment | DueDeployment | RollBack | ReleaseHold


def find_due(context: Context, names: Collection[str] = ()) -> tuple[Due, ...]:
    """Returns the scheduled work that is due in the environments of these names, or in all of them, in promotion order.

    The end of a soak period makes an environment with automatic deployments due.
    """
    history = context.ledger.read()
    due_now: list[Due] = []
    for environment in context.config.environments:
        if names and environment.name not in names:
            continue
        latest = folds.latest(history, environment.name)
        if latest is not None and latest.open:
            if not may_still_run(context, history, latest):
                due_now.append(ResumeDeployment(latest))
            continue
        if latest is not None and isinstance(reaction(environment, latest, history), GoBack):
            due_now.append(RollBack(latest))
            continue
        if matches_deployed(context, history, environment.name):
            due_now.append(ReleaseHold(environment.name))
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
            due_now.append(DueDeployment(environment.name, commit))
    return tuple(due_now)


@dataclass(frozen=True, slots=True)
class DueEnvironments:
    """The environments in which a `tick` would do something: where a deployment would start (it begins with plans),
    where one would continue or a hold be released, and where a drift check, a backup or an audit is scheduled."""

    enters: tuple[str, ...]
    goes_on: tuple[str, ...]
    checks: tuple[str, ...] = ()


def find_due_environments(context: Context, names: Collection[str] = ()) -> DueEnvironments:
    """Returns where something is due, without doing it. Deployments that only wait are left out."""
    history = context.ledger.read()
    due_now = [
        task
        for task in find_due(context, names)
        if not (isinstance(task, ResumeDeployment) and is_waiting(context, history, task.deployment))
    ]
    entering = tuple(task.environment for task in due_now if isinstance(task, DueDeployment))
    continuing = tuple(_where(task) for task in due_now if not isinstance(task, DueDeployment))
    return DueEnvironments(entering, continuing, _due_checks(context, names))


def _due_checks(context: Context, names: Collection[str]) -> tuple[str, ...]:
    scheduled = {*due_for_backup(context), *detect.find_due(context), *audit.find_due(context)}
    environments = [environment.name for environment in context.config.environments]
    return tuple(name for name in environments if name in scheduled and (not names or name in names))


def _where(task: Due) -> str:
    match task:
        case ResumeDeployment(deployment) | RollBack(deployment):
            return deployment.environment
        case DueDeployment(environment) | ReleaseHold(environment):
            return environment
