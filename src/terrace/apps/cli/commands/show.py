"""`terrace show`."""

from __future__ import annotations

import click

from terrace.apps.cli.options import COMPLETE_ENV, JSON


@click.command()
@click.argument("deployment", shell_complete=COMPLETE_ENV)
@JSON
@click.pass_obj
def show(folder: str, deployment: str, as_json: bool) -> int:
    """Show the steps and approvals of a deployment, by its id or the name of its environment."""
    from pathlib import Path

    from terrace.apps.cli.ledger_facts import approvals_of, note_past_rules, show_faults
    from terrace.apps.output.console import emit
    from terrace.apps.output.console import show as print_record
    from terrace.apps.wiring.project import Project
    from terrace.errors import BadInput
    from terrace.ledger import folds
    from terrace.ledger.dismissals import unread
    from terrace.report.json.deployments import show_json
    from terrace.report.terminal.deployments import approval_line, deployment_tree

    project = Project(Path(folder), past_rules=True)
    history = project.ledger.read()
    by_id = {known.id: known for known in folds.deployments(history)}
    wanted = by_id.get(deployment) or folds.latest(history, deployment)
    if wanted is None:
        raise BadInput(f"there is no deployment {deployment!r}", hint="`terrace history` lists them")
    answers = approvals_of(project, history, wanted)
    note_past_rules(project)
    if as_json:
        emit(show_json(wanted, answers))
        return 0
    print_record(deployment_tree(wanted))
    show_faults(tuple(fault for fault in unread(history, project.dismissed) if fault.holds(wanted.environment)))
    for answer in answers:
        print_record(approval_line(answer))
    return 0
