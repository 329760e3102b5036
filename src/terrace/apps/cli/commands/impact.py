"""`terrace impact`."""

from __future__ import annotations

import click

from terrace.apps.cli.options import BASE, JSON


@click.command()
@BASE
@click.option("--why", is_flag=True, help="Show the path from each changed file to the stack.")
@JSON
@click.pass_obj
def impact(folder: str, base: str | None, why: bool, as_json: bool) -> int:
    """Show which stacks the working tree's changes impact, and through which modules.

    \b
    Examples:
      terrace impact --why
      terrace impact --base v1.2.0 --json
    """
    from pathlib import Path

    from terrace.apps.cli import job_result
    from terrace.apps.output.console import emit, show, show_lines
    from terrace.apps.output.pager import paged
    from terrace.apps.wiring.checking import change_in_working_tree
    from terrace.apps.wiring.project import Project
    from terrace.report.json.checks import impact_json
    from terrace.report.terminal.checks import impact_tree
    from terrace.report.terminal.rules import refusal_lines

    project = Project(Path(folder))
    change_set, inventory = change_in_working_tree(project, base)
    touched = [impact.stack for impact in change_set.impacts]
    keys = {stack.key for stack in touched}
    refused = {key: refusal for key, refusal in inventory.refusals.items() if key in keys}
    if as_json:
        emit(impact_json(change_set, refused))
    else:
        with paged():
            show(impact_tree(change_set, why=why))
        if refused:
            show_lines(refusal_lines(refused))
    # Only environments of the protected branch: CI starts a job for each, with the credentials of that environment.
    names = {stack.environment for stack in touched}
    with_stacks = (environment.name for environment in project.trust.config.environments if environment.name in names)
    return job_result.end_job(job_result.environment_matrix(with_stacks), 0)
