"""Runs the scheduled work of one repository, for `terrace tick` and for the worker of the server."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from terrace.apps.output.deployments import Reacted, waiting_handle
from terrace.apps.output.progress import show_progress
from terrace.apps.wiring.audit import audit_if_due
from terrace.apps.wiring.mirroring import show_deployments, track_drift
from terrace.apps.wiring.project import Project, now
from terrace.compliance.audit import Audited
from terrace.drift.review import Review, review
from terrace.ledger.deployment import Deployment
from terrace.pipelines.context import Context, Reach
from terrace.pipelines.deploy.lifecycle import Refused
from terrace.pipelines.drift import detect
from terrace.pipelines.holds import Released
from terrace.pipelines.rollback.destruction_target import orphaned_stacks
from terrace.pipelines.rollback.rollback import react
from terrace.pipelines.situation_after import situation_after
from terrace.pipelines.states.back_up import back_up, due_for_backup
from terrace.pipelines.tick import DueDeployment, find_due
from terrace.report.orphans import OrphanedStack
from terrace.report.words import result_word
from terrace.rollout.situation import Situation
from terrace.stacks.refusals import Refusal
from terrace.states.state_checks import Look


@dataclass(frozen=True, slots=True)
class DoneAction:
    """One action of a tick. `handle` is the hash of the pending plans; `left_out` are the refused stacks. `situation`
    is that of the environment afterwards, None after a release or a refusal."""

    done: Deployment | Refused | Released
    reacted: Reacted = None
    handle: str = ""
    left_out: Mapping[str, Refusal] | None = None
    situation: Situation | None = None

    @property
    def environment(self) -> str:
        """The environment of the action."""
        return self.done.verdict.environment if isinstance(self.done, Refused) else self.done.environment

    @property
    def is_good(self) -> bool:
        """Returns whether a hold was released, or a deployment succeeded."""
        return isinstance(self.done, Released) or (
            isinstance(self.done, Deployment) and result_word(self.done) == "succeeded"
        )


@dataclass(frozen=True, slots=True)
class Ticked:
    """The actions of a tick, its checks of states and drift, its audits, and the leftovers."""

    actions: tuple[DoneAction, ...] = ()
    looks: tuple[Look, ...] = ()
    reviews: tuple[Review, ...] = ()
    audits: tuple[Audited, ...] = ()
    orphans: tuple[OrphanedStack, ...] = ()

    @property
    def did_something(self) -> bool:
        """Returns whether there was any scheduled work."""
        return bool(self.actions or self.looks or self.reviews or self.audits)

    @property
    def is_good(self) -> bool:
        """Returns whether every deployment succeeded, and the checks found no problem."""
        return all(action.is_good for action in self.actions) and not self.found_trouble

    @property
    def found_trouble(self) -> bool:
        """Returns whether a state is unsafe, there is drift, or an audit has a blocking finding."""
        drifted = any(review.check is not None and review.check.status != "clean" for review in self.reviews)
        return not all(look.good for look in self.looks) or drifted or any(audit.blocking for audit in self.audits)


Work = Literal["all", "checks"]
"""The scheduled work that a tick runs: all of it, or only drift checks, state backups and audits."""


def tick(
    folder: Path,
    names: tuple[str, ...],
    reach: Reach,
    show: Callable[[Project, DoneAction], None],
    *,
    work: Work = "all",
    quiet: bool,
) -> tuple[Project, Ticked]:
    """Runs the scheduled work of all or the named environments; with reach `plan`, only starts deployments,
    and with the work `checks` neither starts nor continues any.

    `show` is called after each action; `quiet` disables the progress output.
    """
    project = Project(folder)
    chosen = tuple(project.trusted_environment(name).name for name in names)
    if not chosen:
        # The drift of removed environments is checked too, with their last rules.
        project.former_environments()
    with show_progress(as_json=quiet) as watcher:
        context = project.deployment_context(watcher, reach if work == "all" else "plan")
        actions = []
        for action in find_due(context, chosen) if work == "all" else ():
            done = action.run(context) if reach == "apply" or isinstance(action, DueDeployment) else None
            if done is not None:
                actions.append(_react(project, context, done))
                show(project, actions[-1])
        for environment in project.trust.config.environments:
            context.step_logs.remove_expired(environment.name)
        looks, reviews, audits = (
            _run_checks(project, context, chosen) if reach == "apply" or work == "checks" else ((), (), ())
        )
    if work == "all":
        environments = [environment.name for environment in project.trust.config.environments]
        show_deployments(project, [name for name in environments if not chosen or name in chosen])
    orphaned = () if chosen else orphaned_stacks(project.survey, project.trust.commit, project.ledger.read())
    return project, Ticked(tuple(actions), looks, reviews, audits, orphaned)


def _react(project: Project, context: Context, done: Deployment | Refused | Released) -> DoneAction:
    if isinstance(done, Released):
        return DoneAction(done)
    reacted = react(context, done)
    environment = done.environment if isinstance(done, Deployment) else done.verdict.environment
    left_out = project.find_left_out([environment], done.commit)
    return DoneAction(done, reacted, waiting_handle(context, done), left_out, situation_after(context, done))


def _run_checks(
    project: Project, context: Context, chosen: tuple[str, ...]
) -> tuple[tuple[Look, ...], tuple[Review, ...], tuple[Audited, ...]]:
    """Runs the checks that are scheduled now."""

    def select(names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(name for name in names if not chosen or name in chosen)

    states = select(due_for_backup(context))
    looks = back_up(context, states) if states else ()
    names = select(detect.find_due(context))
    if names:
        detect.look(context, names)
        detect.record_overdue(context, names)
    reviews = review_drift(project, names)
    track_drift(project, reviews)
    return looks, reviews, audit_if_due(project, context, chosen)


def review_drift(project: Project, names: Iterable[str]) -> tuple[Review, ...]:
    """Returns the drift of these environments, as recorded in the ledger."""
    history = project.ledger.read()
    return tuple(review(history, name, now(), project.environment(name).drift.every) for name in names)
