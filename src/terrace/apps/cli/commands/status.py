"""`terrace status`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from terrace.apps.cli.options import JSON

if TYPE_CHECKING:
    from collections.abc import Mapping

    from terrace.ledger.adoptions import AdoptedStack
    from terrace.report.json.environments import EnvironmentStatus


@click.command()
@JSON
@click.pass_obj
def status(folder: str, as_json: bool) -> int:
    """Show the deployed commit and the pending work of each environment."""
    from pathlib import Path

    from terrace.apps.cli import job_result
    from terrace.apps.cli.ledger_facts import known_environments, note_age, show_faults, situation
    from terrace.apps.output.console import emit, show, show_lines
    from terrace.apps.wiring.project import Project, now
    from terrace.drift.checks import current_drift_status
    from terrace.ledger.adoptions import newest_adoptions
    from terrace.ledger.dates import doubt
    from terrace.ledger.dismissals import find_unread
    from terrace.pipelines.rollback.destruction_target import orphaned_stacks
    from terrace.report.orphans import orphan_line
    from terrace.report.terminal.rules import refusal_lines, unreadable_text
    from terrace.report.terminal.situation import status_report
    from terrace.states.state_checks import problems

    project, unreachable = Project.open_for_reading(Path(folder))
    history = project.ledger.read()
    environments = known_environments(project, history)
    faults = find_unread(history, project.dismissed)
    situations = [situation(project, history, environment) for environment in environments]
    alarms = problems(history, project.trust.config, now())
    drift = {
        e.name: how
        for e in environments
        if (how := current_drift_status(history, e.name, now(), e.drift.every)) is not None
    }
    problem = project.unreadable
    left_out = project.find_left_out(e.name for e in environments)
    adopted = {e.name: newest_adoptions(history, e.name) for e in environments}
    orphans = orphaned_stacks(project.survey, project.trust.commit, history)

    def statuses() -> tuple[EnvironmentStatus, ...]:
        from terrace.report.json.environments import environment_statuses

        return environment_statuses(situations, alarms, drift)

    def summary() -> str:
        from terrace.report.markdown.run_page import status_summary

        return status_summary(statuses())

    note_age(project, unreachable)
    if as_json:
        from terrace.report.json.environments import status_json

        emit(status_json(statuses(), left_out, problem, orphans, adopted, project.as_of))
    else:
        show(status_report(situations, drift, now()))
        if problem is not None:
            show_lines(unreadable_text(problem, f"{project.root_place}"))
        _show_adopted({name: stacks for name, stacks in adopted.items() if stacks})
        _show_alarms(alarms)
        if left_out:
            show_lines(refusal_lines(left_out))
        for orphan in orphans:
            show_lines(orphan_line(orphan))
        show_faults(faults)
        wrong = doubt(history, now(), None)
        if wrong is not None:
            show(f"{wrong[0]}: no deployment continues\nhint: {wrong[1]}")
    names = (current.environment for current in situations)
    return job_result.end_job(job_result.environment_matrix(names, summary), 0)


def _show_adopted(adopted: Mapping[str, Mapping[str, AdoptedStack]]) -> None:
    if adopted:
        from terrace.apps.output.console import show_lines
        from terrace.report.terminal.adoption import adopted_line

        for name, stacks in adopted.items():
            show_lines(adopted_line(name, stacks))


def _show_alarms(alarms: Mapping[str, tuple[str, ...]]) -> None:
    if alarms:
        from terrace.apps.output.console import show
        from terrace.report.terminal.states import state_problems

        show(state_problems(alarms))
