"""`rollback` and `destroy`: what takes something back, asked twice."""

from __future__ import annotations

from pathlib import Path

from terrace.apps.cli.console import emit, note, show, typed_back
from terrace.apps.cli.deployment_output import tell, watcher
from terrace.apps.wiring.project import Project
from terrace.errors import BadInput
from terrace.gates.model import Outcome
from terrace.pipelines.context import Reach
from terrace.pipelines.rollback import destroy as destroying
from terrace.pipelines.rollback import rollback as rolling


def rollback(
    folder: str,
    environment: str,
    to: str | None,
    reason: str,
    allowed: tuple[str, ...],
    *,
    plan_only: bool,
    yes: bool,
    wait: bool,
    as_json: bool,
    reach: Reach = "apply",
) -> int:
    """Take an environment back to its last good release, or only tell what that would do."""
    project = Project(Path(folder))
    project.named(environment)
    commit = project.repository.resolve(to) if to is not None else None
    agreed = frozenset(allowed)
    if plan_only:
        return _simulate(project, environment, commit, reason, agreed, as_json=as_json)
    if not reason:
        raise BadInput("a rollback needs a reason: it is kept in the ledger", hint="--reason WHY")
    if not typed_back(environment, f"this takes {environment} back; type its name to go on", yes=yes):
        note("nothing was done")
        return 1
    return tell(
        project,
        "rollback",
        lambda crew: rolling.rollback(crew, environment, to=commit, reason=reason, agreed=agreed),
        wait=wait,
        as_json=as_json,
        reach=reach,
    )


def _simulate(
    project: Project, environment: str, commit: str | None, reason: str, agreed: frozenset[str], *, as_json: bool
) -> int:
    from terrace.report import wayback

    with watcher(as_json=as_json) as told:
        found = rolling.simulate(project.read_only_context(told), environment, to=commit, reason=reason, agreed=agreed)
    facts = (found.way.target, found.way.undone, found.plans, found.objections, found.way.left)
    if as_json:
        emit(wayback.machine(*facts, found.took, found.verdict))
    else:
        show(wayback.terminal(*facts, found.took, found.verdict))
    return 0 if found.verdict.outcome is Outcome.PASS else 1


def destroy(
    folder: str,
    environment: str,
    stack: str | None,
    reason: str,
    allowed: tuple[str, ...],
    *,
    yes: bool,
    as_json: bool,
    reach: Reach = "apply",
) -> int:
    """Take down all that an environment, or one stack of it, holds."""
    project = Project(Path(folder))
    project.environment(environment)
    name = stack or environment
    if not typed_back(name, f"this destroys everything in {name}; type its name to go on", yes=yes):
        note("nothing was done")
        return 1
    return tell(
        project,
        "destroy",
        lambda crew: destroying.destroy(crew, environment, stack, reason, frozenset(allowed)),
        wait=False,
        as_json=as_json,
        reach=reach,
    )
