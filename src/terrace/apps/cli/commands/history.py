"""`terrace history`."""

from __future__ import annotations

import click

from terrace.apps.cli.options import COMPLETE_ENV, JSON


@click.command()
@click.argument("environment", metavar="[ENV]", required=False, shell_complete=COMPLETE_ENV)
@click.option(
    "-n", "limit", type=click.IntRange(min=1), default=20, show_default=True, help="Maximum number of deployments."
)
@JSON
@click.pass_obj
def history(folder: str, environment: str | None, limit: int, as_json: bool) -> int:
    """List the deployments, newest first, with their result."""
    from pathlib import Path

    from terrace.apps.cli.ledger_facts import approvals_of, note_age, note_past_rules
    from terrace.apps.output.console import emit, show
    from terrace.apps.output.pager import paged
    from terrace.apps.wiring.project import Project
    from terrace.ledger import folds
    from terrace.report.json.deployments import history_json
    from terrace.report.terminal.deployments import history_report

    project, unreachable = Project.open_for_reading(Path(folder))
    note_age(project, unreachable)
    if environment is not None:
        project.environment(environment)
    events = project.ledger.read()
    deployments = [d for d in folds.deployments(events) if environment in (None, d.environment)]
    newest = deployments[::-1][:limit]
    note_past_rules(project)
    if as_json:
        emit(history_json((d, approvals_of(project, events, d)) for d in newest))
    elif newest:
        with paged():
            show(history_report(newest))
    else:
        show("there are no deployments yet")
    return 0
