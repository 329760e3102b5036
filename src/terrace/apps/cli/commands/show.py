"""`terrace show`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from terrace.apps.cli.options import COMPLETE_ENV_OR_DEPLOYMENT, FULL, JSON, OUTPUT, format_option

if TYPE_CHECKING:
    from terrace.apps.wiring.project import Project
    from terrace.ledger.deployment import Deployment

_EVERY_STACK = "*"
FOLLOW_SECONDS = 1.0
"""Time between two looks at a log that is followed, in seconds."""


@click.command()
@click.argument("deployment", shell_complete=COMPLETE_ENV_OR_DEPLOYMENT)
@click.option(
    "--log",
    "log",
    is_flag=False,
    flag_value=_EVERY_STACK,
    default=None,
    metavar="[STACK]",
    help="Show the output of Terraform in each step, of STACK or of all stacks.",
)
@click.option("--follow", is_flag=True, help="With --log: show new output until the deployment ends or waits.")
@format_option(("terminal", "html"))
@OUTPUT
@FULL
@JSON
@click.pass_obj
def show(
    folder: str,
    deployment: str,
    log: str | None,
    follow: bool,
    style: str,
    output: str | None,
    full: bool,
    as_json: bool,
) -> int:
    """Show a deployment with its changes and approvals, by its id or the name of its environment.

    The values of its plans are kept for 30 days, encrypted, beside the state backups.

    \b
    Examples:
      terrace show prod
      terrace show prod --format html --output prod.html
      terrace show prod --log
      terrace show 88c85391be19 --log network --follow
    """
    if follow and (log is None or as_json):
        raise click.UsageError("--follow needs --log, and cannot be combined with --json")
    if style == "html" and (log is not None or as_json):
        raise click.UsageError("--format html cannot be combined with --log or --json")
    if output is not None and style != "html":
        raise click.UsageError("--output needs --format html")
    from pathlib import Path

    from terrace.apps.cli.ledger_facts import (
        approvals_of,
        known_environments,
        note_age,
        note_past_rules,
        show_faults,
        situation,
    )
    from terrace.apps.cli.reports import requested_report
    from terrace.apps.output.console import emit
    from terrace.apps.output.console import show as print_record
    from terrace.apps.output.pager import paged
    from terrace.apps.wiring.project import Project
    from terrace.config.naming import find_nearest
    from terrace.errors import BadInput
    from terrace.ledger import folds
    from terrace.ledger.dismissals import find_unread
    from terrace.pipelines.deploy.planned_changes import planned_changes
    from terrace.report.html.deployment import deployment_page
    from terrace.report.json.deployments import show_json
    from terrace.report.terminal.deployments import approval_line, deployment_tree
    from terrace.report.terminal.situation import next_lines

    project, unreachable = Project.open_for_reading(Path(folder))
    history = project.ledger.read()
    by_id = {deployment.id: deployment for deployment in folds.deployments(history)}
    record = by_id.get(deployment) or folds.latest(history, deployment)
    if record is None:
        near = find_nearest(deployment, [known.name for known in project.trust.config.environments])
        hint = f"did you mean {near!r}? " if near else ""
        raise BadInput(f"there is no deployment {deployment!r}", hint=f"{hint}`terrace history` lists the deployments")
    if log is not None:
        return _show_log(project, record, log, follow=follow, as_json=as_json)
    answers = approvals_of(project, history, record)
    note_past_rules(project)
    note_age(project, unreachable)
    newest = folds.latest(history, record.environment)
    is_newest = newest is not None and newest.id == record.id
    known = {e.name: e for e in known_environments(project, history)}
    now = situation(project, history, known[record.environment]) if is_newest and record.environment in known else None
    changes = planned_changes(project.kept_plans, record)
    if as_json:
        emit(show_json(record, answers, now, changes))
        return 0
    reasons = now.waits_for if now is not None and record.open else None
    if style == "html":
        page = deployment_page(record, answers, changes, reasons)
        requested_report(Path(folder), style, output).write(page)
        return 0
    with paged():
        print_record(deployment_tree(record, reasons, changes=changes, full=full))
        for answer in answers:
            print_record(approval_line(answer))
        if now is not None and now.url:
            print_record(f"url: {now.url}")
        for line in next_lines(now) if now is not None else ():
            print_record(line)
    show_faults(tuple(fault for fault in find_unread(history, project.dismissed) if fault.holds(record.environment)))
    return 0


def _show_log(project: Project, deployment: Deployment, stack: str, *, follow: bool, as_json: bool) -> int:
    """Prints what Terraform printed in the steps of a deployment; exit 1 if nothing is kept."""
    from terrace.apps.output.console import emit, note
    from terrace.apps.output.console import show as print_record
    from terrace.apps.output.pager import paged
    from terrace.report.json.steps import logs_json
    from terrace.report.terminal.step_logs import log_lines

    key = _stack_key(deployment, stack)
    logs = tuple(log for log in project.step_logs().read(deployment) if key in ("", log.stack))
    if as_json:
        emit(logs_json(deployment, logs))
        return 0 if logs else 1
    if follow:
        return _follow(project, deployment, key)
    with paged():
        for line in log_lines(logs):
            print_record(line)
    if not logs:
        note(f"no output is kept of deployment {deployment.id}{f' for {key}' if key else ''}")
        note("hint: `backups.logs` in terrace.yaml is how long it is kept, and `backups.url` where")
    return 0 if logs else 1


def _stack_key(deployment: Deployment, name: str) -> str:
    """Returns the key of a stack of the deployment, given with or without its environment; "" for every stack."""
    from terrace.config.naming import unknown_name_error

    if name == _EVERY_STACK:
        return ""
    for key in (name, f"{deployment.environment}/{name}"):
        if key in deployment.stacks:
            return key
    raise unknown_name_error("stack of this deployment", name, deployment.stacks)


def _follow(project: Project, deployment: Deployment, key: str) -> int:
    """Prints new output until the deployment has ended or waits."""
    import time

    from terrace.apps.output.console import show as print_record
    from terrace.ledger import folds
    from terrace.report.terminal.screen import line
    from terrace.report.terminal.step_logs import log_line

    logs, shown, last = project.step_logs(), dict[str, int](), ""
    while True:
        # Read first: what was printed before the end is then shown for certain.
        now = next((d for d in folds.deployments(project.ledger.read()) if d.id == deployment.id), deployment)
        for log in logs.read(now):
            fresh = log.lines[shown.get(log.attempt, 0) :]
            if key not in ("", log.stack) or not fresh:
                continue
            if last != log.attempt:
                print_record(line((f"== {log.stack}: {log.step}", "bold")))
                last = log.attempt
            for entry in fresh:
                print_record(log_line(entry))
            shown[log.attempt] = len(log.lines)
        if not now.open or now.waiting:
            return 0
        time.sleep(FOLLOW_SECONDS)
