"""`terrace rollback`."""

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
    "--to", metavar="REF", help="Release to roll back to. [default: the last good one before the current release]"
)
@click.option("--reason", default="", help="Reason; recorded in the ledger. Required without --plan-only.")
@click.option(
    "--plan-only", is_flag=True, help="Show only the rollback preview, with the resources that would be lost."
)
@click.option(
    "--allow",
    "allowed",
    multiple=True,
    metavar="[STACK:]ADDRESS",
    help="A resource that the rollback is allowed to destroy.",
)
@click.option("--yes", is_flag=True, help="Do not ask for the environment's name.")
@FULL
@REACH
@WAIT
@JSON
@click.pass_obj
def rollback(
    folder: str,
    environment: str,
    to: str | None,
    reason: str,
    plan_only: bool,
    allowed: tuple[str, ...],
    yes: bool,
    full: bool,
    reach: Reach,
    wait: bool,
    as_json: bool,
) -> int:
    """Roll ENV back to its last good release: plan and apply the old commit, through the same gates.

    No state is restored. Afterwards, ENV is on hold, and a revert commit is ready on a branch.

    \b
    Examples:
      terrace rollback prod --plan-only
      terrace rollback prod --reason "checkout answers 500"
      terrace rollback prod --to v1.4.0 --reason "..." --allow aws_sqs_queue.jobs
    """
    from pathlib import Path

    from terrace.apps.cli.deployment_run import run_deployment
    from terrace.apps.output.console import confirm_by_name, note
    from terrace.apps.wiring.project import Project
    from terrace.errors import BadInput
    from terrace.pipelines.rollback import rollback as rolling
    from terrace.pipelines.rollback.rollback_target import newest_change

    project = Project(Path(folder))
    project.trusted_environment(environment)
    commit = project.repository.resolve(to) if to is not None else None
    agreed = frozenset(allowed)
    if plan_only:
        return _show_preview(project, environment, commit, reason, agreed, full=full, as_json=as_json)
    if not reason:
        raise BadInput("a rollback needs a reason, which is recorded in the ledger", hint="--reason WHY")
    # Before the question: it would be about nothing.
    newest_change(project.ledger.read(), environment)
    if not confirm_by_name(environment, f"this rolls {environment} back; type its name to continue", yes=yes):
        note("No changes were made.")
        return 1
    return run_deployment(
        project,
        "rollback",
        lambda context: rolling.rollback(context, environment, to=commit, reason=reason, agreed=agreed),
        wait=wait,
        as_json=as_json,
        reach=reach,
        full=full,
    )


def _show_preview(
    project: Project,
    environment: str,
    commit: str | None,
    reason: str,
    agreed: frozenset[str],
    *,
    full: bool,
    as_json: bool,
) -> int:
    from terrace.apps.output.console import emit, show
    from terrace.apps.output.progress import show_progress
    from terrace.gates.model import Outcome
    from terrace.pipelines.rollback import rollback as rolling
    from terrace.report.json.deployments import rollback_plan_json
    from terrace.report.terminal.rollback_preview import rollback_preview

    with show_progress(as_json=as_json) as watcher:
        simulation = rolling.simulate(
            project.read_only_context(watcher), environment, to=commit, reason=reason, agreed=agreed
        )
    facts = (simulation.way.target, simulation.way.undone, simulation.plans, simulation.objections, simulation.way.left)
    if as_json:
        emit(rollback_plan_json(*facts, simulation.took, simulation.verdict))
    else:
        show(rollback_preview(*facts, simulation.took, simulation.verdict, full=full))
    return 0 if simulation.verdict.outcome is Outcome.PASS else 1
