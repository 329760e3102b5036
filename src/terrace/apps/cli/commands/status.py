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
    """What is deployed where, and what each environment waits for."""
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
    from terrace.pipelines.approvals.approve import handle_of
    from terrace.pipelines.rollback.destruction_target import leftovers
    from terrace.report import machine, state_terminal, terminal
    from terrace.report.adoption import adopted_json, adopted_line
    from terrace.report.leftovers import leftover_line, leftovers_json
    from terrace.report.markdown import run_page
    from terrace.report.refusals import refusal_lines, refusals_json
    from terrace.report.unreadable import unreadable_json, unreadable_text
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
    handles = {e.name: handle_of(project.trust.policy, history, e.name) for e in environments}
    problem = project.unreadable
    left_out = project.left_out(e.name for e in environments)
    adopted = {e.name: newest_adoptions(history, e.name) for e in environments}
    left = leftovers(project.survey, project.trust.commit, history)
    record = {
        **machine.status(rows, alarms, drift, handles),
        "refused": refusals_json(left_out),
        "unreadable": unreadable_json(problem),
        "left": leftovers_json(left),
        "adopted": adopted_json(adopted),
    }
    if as_json:
        emit(record)
    else:
        show(terminal.status(rows, drift, handles, now()))
        if problem is not None:
            show_lines(unreadable_text(problem, f"{project.root_place}"))
        for name, mine in adopted.items():
            if mine:
                show_lines(adopted_line(name, mine))
        if alarms:
            show(state_terminal.problems(alarms))
        if left_out:
            show_lines(refusal_lines(left_out))
        for leftover in left:
            show_lines(leftover_line(leftover))
        show_faults(faults)
        wrong = doubt(history, now(), None)
        if wrong is not None:
            show(f"{wrong[0]}: nothing goes on\nhint: {wrong[1]}")
    names = (name for name, *_ in rows)
    return job_result.end_job(job_result.environment_matrix(names, lambda: run_page.status(record)), 0)


def _hold(project: Project, history: History, faults: tuple[Fault, ...], environment: str) -> Hold | None:
    """Why an environment takes nothing: events that cannot be read come first, for nothing passes them by."""
    from terrace.ledger import folds
    from terrace.ledger.dismissals import told
    from terrace.pipelines.holds import releases

    mine = tuple(fault for fault in faults if fault.holds(environment))
    if mine:
        return folds.Hold(told(mine), mine[0].event.actor, mine[0].event.time)
    return folds.hold(history, environment, releases(history, project.proof))
