"""`terrace status`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from terrace.apps.cli.options import JSON

if TYPE_CHECKING:
    from terrace.apps.wiring.project import Project
    from terrace.ledger.folds import Hold
    from terrace.ledger.model import History
    from terrace.ledger.reading import Fault


@click.command()
@JSON
@click.pass_obj
def status(folder: str, as_json: bool) -> int:
    """Show the deployed commit and the pending work of each environment."""
    from pathlib import Path

    from terrace.apps.cli import job_result
    from terrace.apps.cli.ledger_facts import show_faults
    from terrace.apps.output.console import emit, show, show_lines
    from terrace.apps.wiring.project import Project, now
    from terrace.drift.checks import newest_first, standing
    from terrace.ledger import folds
    from terrace.ledger.adoptions import newest_adoptions
    from terrace.ledger.dates import doubt
    from terrace.ledger.dismissals import unread
    from terrace.pipelines.approvals.approve import pending_handle
    from terrace.pipelines.rollback.destruction_target import orphaned_stacks
    from terrace.report.json.deployments import environment_statuses, status_json
    from terrace.report.markdown.run_page import status_summary
    from terrace.report.orphans import orphan_line
    from terrace.report.terminal.adoption import adopted_line
    from terrace.report.terminal.deployments import status_table
    from terrace.report.terminal.rules import refusal_lines, unreadable_text
    from terrace.report.terminal.states import state_problems
    from terrace.states.state_checks import problems

    project = Project(Path(folder), past_rules=True)
    history = project.ledger.read()
    environments = project.trust.config.environments
    faults = unread(history, project.dismissed)
    rows = [
        (
            e.name,
            folds.latest(history, e.name),
            folds.last_good(history, e.name),
            _hold(project, history, faults, e.name),
        )
        for e in environments
    ]
    alarms = problems(history, project.trust.config, now())
    drift = {
        e.name: how
        for e in environments
        if (how := standing(newest_first(history, e.name), now(), e.drift.every)) is not None
    }
    handles = {e.name: pending_handle(project.trust.policy, history, e.name) for e in environments}
    problem = project.unreadable
    left_out = project.left_out(e.name for e in environments)
    adopted = {e.name: newest_adoptions(history, e.name) for e in environments}
    orphans = orphaned_stacks(project.survey, project.trust.commit, history)
    statuses = environment_statuses(rows, alarms, drift, handles)
    if as_json:
        emit(status_json(statuses, left_out, problem, orphans, adopted))
    else:
        show(status_table(rows, drift, handles, now()))
        if problem is not None:
            show_lines(unreadable_text(problem, f"{project.root_place}"))
        for name, mine in adopted.items():
            if mine:
                show_lines(adopted_line(name, mine))
        if alarms:
            show(state_problems(alarms))
        if left_out:
            show_lines(refusal_lines(left_out))
        for orphan in orphans:
            show_lines(orphan_line(orphan))
        show_faults(faults)
        wrong = doubt(history, now(), None)
        if wrong is not None:
            show(f"{wrong[0]}: no deployment continues\nhint: {wrong[1]}")
    names = (name for name, *_ in rows)
    return job_result.end_job(job_result.environment_matrix(names, lambda: status_summary(statuses)), 0)


def _hold(project: Project, history: History, faults: tuple[Fault, ...], environment: str) -> Hold | None:
    """Returns the hold of an environment. Invalid events come first, because no other hold ends them."""
    from terrace.ledger import folds
    from terrace.ledger.dismissals import told
    from terrace.pipelines.holds import releases

    mine = tuple(fault for fault in faults if fault.holds(environment))
    if mine:
        return folds.Hold(told(mine), mine[0].event.actor, mine[0].event.time)
    return folds.hold(history, environment, releases(history, project.proof))
