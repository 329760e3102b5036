"""`terrace tick`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from terrace.apps.cli.options import ENVS, JSON, REACH

if TYPE_CHECKING:
    from terrace.apps.wiring.project import Project
    from terrace.apps.wiring.tick import DoneAction, Work
    from terrace.pipelines.context import Reach


@click.command()
@ENVS
@click.option("--due", "ahead", is_flag=True, help="Show which environments have work to do. Needs no key.")
@click.option(
    "--checks",
    "work",
    flag_value="checks",
    default="all",
    help="Run only drift checks, backups and audits that are due.",
)
@REACH
@JSON
@click.pass_obj
def tick(folder: str, environments: tuple[str, ...], ahead: bool, work: Work, reach: Reach, as_json: bool) -> int:
    """Run all scheduled work now, in ENV or everywhere, and exit. For cron, CI, or by hand.

    This continues open deployments whose gates pass, deploys new commits to automatic environments, measures baking
    releases, rolls back failed releases if terrace.yaml requires it, and releases holds when the protected branch
    matches the deployed commit. It also checks for drift, backs up states and audits what is deployed, where
    terrace.yaml schedules that.
    """
    from pathlib import Path

    from terrace.apps.cli.job_result import after_tick, end_job
    from terrace.apps.output.console import emit
    from terrace.apps.output.ticks import action_json, show_action, show_tick, tick_json
    from terrace.apps.wiring.tick import tick

    if ahead:
        return _show_due(folder, environments, as_json=as_json)

    def show(project: Project, action: DoneAction) -> None:
        if not as_json:
            show_action(action, project.kept_plans)

    _, ticked = tick(Path(folder), environments, reach, show, work=work, quiet=as_json)
    if as_json:
        emit(tick_json(ticked))
    else:
        show_tick(ticked)
    ending = after_tick(map(action_json, ticked.actions), good=not ticked.found_trouble)
    return end_job(ending, 0 if ticked.is_good else 1)


def _show_due(folder: str, environments: tuple[str, ...], *, as_json: bool) -> int:
    """Prints the environments where a tick would start or continue a deployment. It needs no key."""
    from pathlib import Path

    from terrace.apps.cli.job_result import due_matrix, end_job
    from terrace.apps.output.console import emit, show
    from terrace.apps.output.progress import Silent
    from terrace.apps.wiring.project import Project
    from terrace.pipelines.tick import find_due_environments
    from terrace.report.json.tick import TickDueJson

    project = Project(Path(folder))
    chosen = tuple(project.trusted_environment(name).name for name in environments)
    due = find_due_environments(project.read_only_context(Silent()), chosen)
    if as_json:
        emit(TickDueJson(enters=due.enters, goes_on=due.goes_on, checks=due.checks))
    else:
        for name in due.enters:
            show(f"{name}: a deployment can start")
        for name in due.goes_on:
            show(f"{name}: a deployment can continue")
        for name in due.checks:
            show(f"{name}: a drift check, a backup or an audit is due")
        if not (due.enters or due.goes_on or due.checks):
            show("nothing is due")
    return end_job(due_matrix(due.enters, due.goes_on, due.checks), 0)
