"""`terrace promote`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from terrace.apps.cli.options import ENV, FULL, JSON, REACH, WAIT

if TYPE_CHECKING:
    from terrace.apps.wiring.project import Project
    from terrace.pipelines.context import Reach


@click.command()
@ENV
@click.option(
    "--ref",
    metavar="COMMIT",
    help="Commit to deploy, which succeeded in the previous environment. [default: the newest one that did]",
)
@FULL
@REACH
@WAIT
@click.option("--yes", is_flag=True, help="Replace a pending deployment of ENV without asking.")
@JSON
@click.pass_obj
def promote(
    folder: str,
    environment: str,
    ref: str | None,
    full: bool,
    reach: Reach,
    wait: bool,
    yes: bool,
    as_json: bool,
) -> int:
    """Deploy to ENV a commit that succeeded in the previous environment, by default the newest one.

    If ENV has a pending deployment of another commit, the command names it and asks before it replaces it. Approvals of
    the replaced deployment are void. Without a terminal, an approved deployment is replaced only with --yes.

    \b
    Examples:
      terrace promote staging
      terrace promote prod --ref v1.4.0
    """
    from pathlib import Path

    from terrace.apps.cli.deployment_run import deploy_commit
    from terrace.apps.output.console import note
    from terrace.apps.wiring.project import Project
    from terrace.errors import BadInput
    from terrace.ledger.folds import last_good
    from terrace.stacks.model import Promotion

    project = Project(Path(folder))
    source = project.trusted_environment(environment).after
    if source is None:
        raise BadInput(
            f"{environment} is the first environment, so nothing can be promoted to it",
            hint=f"`terrace deploy {environment}`",
        )
    good = last_good(project.ledger.read(), source)
    if good is None:
        raise BadInput(f"no deployment to {source} has succeeded yet", hint=f"`terrace deploy {source}` first")
    commit = good.commit if ref is None else _find_release(project, environment, source, ref)
    _note_earlier_rollback(project, environment, commit)
    if not _agree_to_replace(project, environment, commit, yes=yes):
        note("No changes were made.")
        return 1
    origin = Promotion(source, project.actor)
    return deploy_commit(
        project, "promote", environment, commit, origin, wait=wait, full=full, as_json=as_json, reach=reach
    )


def _find_release(project: Project, environment: str, source: str, ref: str) -> str:
    """Returns the commit that `ref` names. Raises BadInput if it is not a good release of `source`."""
    from terrace.errors import BadInput
    from terrace.ledger.folds import last_good, releases
    from terrace.rollout.promotion import nearest_releases, why_not_promotable

    commit, history = project.repository.resolve(ref), project.ledger.read()
    reason = why_not_promotable(history, source, commit)
    if reason is None:
        return commit
    deployed = last_good(history, environment)
    base = deployed.commit if deployed is not None else releases(history, source)[0].commit
    line = project.repository.commits_on_first_parent(base, project.trust.commit)
    if deployed is None:
        line = (*line, base)
    nearest = nearest_releases(history, source, commit, line)
    commands = " or ".join(f"`terrace promote {environment} --ref {candidate[:12]}`" for candidate in nearest)
    raise BadInput(
        f"{reason}, so it cannot be promoted to {environment}",
        hint=f"succeeded in {source}: {commands}"
        if nearest
        else f"`terrace deploy {source} --ref {commit[:12]}` first",
    )


def _note_earlier_rollback(project: Project, environment: str, commit: str) -> None:
    """Prints that the environment rolled this commit back before, and why."""
    from terrace.apps.output.console import note
    from terrace.apps.wiring.project import now
    from terrace.ledger import folds
    from terrace.words import ago

    earlier = [one for one in folds.of_environment(project.ledger.read(), environment) if one.commit == commit]
    if earlier and earlier[-1].undone_by:
        why = "".join(f": {reason}" for reason in earlier[-1].reasons[:1])
        note(f"{environment} rolled {commit[:7]} back (deployed {ago(earlier[-1].opened_at, now())}){why}")


def _agree_to_replace(project: Project, environment: str, commit: str, *, yes: bool) -> bool:
    """Returns whether a deployment of another commit that waits may be replaced; True if none waits.

    Raises BadInput without a terminal and without `--yes`, if people approved the waiting one.
    """
    import sys

    from terrace.apps.cli.ledger_facts import approvals_of
    from terrace.apps.output.console import confirm, note
    from terrace.apps.wiring.project import now
    from terrace.ledger import folds
    from terrace.words import ago

    history = project.ledger.read()
    waiting = folds.latest(history, environment)
    if waiting is None or not waiting.open or not waiting.waiting or waiting.commit == commit:
        return True
    people = dict.fromkeys(
        decision.actor for decision in approvals_of(project, history, waiting) if decision.answer == "approve"
    )
    approved = f", approved by {', '.join(people)}" if people else ""
    note(
        f"{environment} has a waiting deployment of {waiting.commit[:7]} ({waiting.id}), started "
        f"{ago(waiting.opened_at, now())} by {waiting.requester}{approved}: {commit[:7]} replaces it"
    )
    if yes or not (people or sys.stdin.isatty()):
        return True
    return confirm(f"replace it? `terrace diff` shows what {commit[:7]} brings.", yes=yes)
