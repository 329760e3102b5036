"""`terrace diff`."""

from __future__ import annotations

import click

from terrace.apps.cli.options import COMPLETE_ENV, JSON


@click.command()
@click.argument("source", metavar="SOURCE", shell_complete=COMPLETE_ENV)
@click.argument("target", metavar="TARGET", shell_complete=COMPLETE_ENV)
@JSON
@click.pass_obj
def diff(folder: str, source: str, target: str, as_json: bool) -> int:
    """Show what TARGET would get from SOURCE: commits, authors, tickets, values and plans.

    SOURCE and TARGET are environments. Tickets are those that the messages of the commits name. Values are the changed
    lines in the files of variables of TARGET. Plans are those of an open
    deployment in TARGET.

    \b
    Example:
      terrace diff staging prod
    """
    from pathlib import Path

    from terrace.apps.cli.ledger_facts import note_age
    from terrace.apps.output.console import emit, show
    from terrace.apps.output.pager import paged
    from terrace.apps.output.progress import Silent
    from terrace.apps.wiring.project import Project, now
    from terrace.errors import BadInput
    from terrace.pipelines.release_difference import release_difference
    from terrace.report.json.release_difference import difference_json
    from terrace.report.terminal.release_difference import difference_report

    project, unreachable = Project.open_for_reading(Path(folder))
    names = [project.trusted_environment(name).name for name in (source, target)]
    if source == target:
        raise BadInput("SOURCE and TARGET are the same environment", hint="for example: terrace diff staging prod")
    difference = release_difference(project.read_only_context(Silent()), project.ledger.read(), *names)
    note_age(project, unreachable)
    if as_json:
        emit(difference_json(difference))
        return 0
    with paged():
        show(difference_report(difference, now()))
    if (
        difference.brings is not None
        and not difference.is_empty
        and project.trusted_environment(target).after == source
    ):
        waits = difference.pending is not None
        show(f"next: terrace explain {target}" if waits else f"next: terrace promote {target}")
    return 0
