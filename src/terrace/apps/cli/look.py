"""`status`, `history` and `show`: folds over the ledger, told."""

from __future__ import annotations

from pathlib import Path

from terrace.apps.cli import actions
from terrace.apps.cli.actions import ended
from terrace.apps.cli.console import emit, note, show_lines
from terrace.apps.cli.console import show as print_record
from terrace.apps.wiring.project import Project, now
from terrace.drift.checks import newest_first, standing
from terrace.errors import BadInput
from terrace.gates.model import Approval
from terrace.ledger import folds
from terrace.ledger.adoptions import newest_adoptions
from terrace.ledger.dates import doubt
from terrace.ledger.deployment import Deployment
from terrace.ledger.dismissals import told, unread, way_out
from terrace.ledger.model import History
from terrace.ledger.reading import Fault
from terrace.pipelines.approvals.approve import handle_of
from terrace.pipelines.approvals.decisions import approval
from terrace.pipelines.holds import releases
from terrace.pipelines.rollback.destruction_target import leftovers
from terrace.report import machine, state_terminal, terminal
from terrace.report.adoption import adopted_json, adopted_line
from terrace.report.leftovers import leftover_line, leftovers_json
from terrace.report.machine import witness_word
from terrace.report.markdown import run_page
from terrace.report.refusals import refusal_lines, refusals_json
from terrace.report.unreadable import unreadable_json, unreadable_text
from terrace.states.state_checks import problems
from terrace.text import visible


def status(folder: str, *, as_json: bool) -> int:
    """What is deployed where."""
    project = Project(Path(folder), past_rules=True)
    history = project.ledger.read()
    faults = unread(history, project.dismissed)
    rows = [
        (
            e.name,
            folds.latest(history, e.name),
            folds.last_good(history, e.name),
            _held(project, history, faults, e.name),
        )
        for e in project.trust.config.environments
    ]
    alarms = problems(history, project.trust.config, now())
    drift = {
        e.name: how
        for e in project.trust.config.environments
        if (how := standing(newest_first(history, e.name), now(), e.drift.every)) is not None
    }
    handles = {e.name: handle_of(project.trust.policy, history, e.name) for e in project.trust.config.environments}
    problem = project.unreadable
    left_out = project.left_out(e.name for e in project.trust.config.environments)
    adopted = {e.name: newest_adoptions(history, e.name) for e in project.trust.config.environments}
    left = leftovers(project.survey, project.trust.commit, history)
    status = {
        **machine.status(rows, alarms, drift, handles),
        "refused": refusals_json(left_out),
        "unreadable": unreadable_json(problem),
        "left": leftovers_json(left),
        "adopted": adopted_json(adopted),
    }
    if as_json:
        emit(status)
    else:
        print_record(terminal.status(rows, drift, handles, now()))
        if problem is not None:
            show_lines(unreadable_text(problem, f"{project.root_place}"))
        for name, mine in adopted.items():
            if mine:
                show_lines(adopted_line(name, mine))
        if alarms:
            print_record(state_terminal.problems(alarms))
        if left_out:
            show_lines(refusal_lines(left_out))
        for one in left:
            show_lines(leftover_line(one))
        _tell(faults)
        wrong = doubt(history, now(), None)
        if wrong is not None:
            print_record(f"{wrong[0]}: nothing goes on\nhint: {wrong[1]}")
    return ended(actions.environments((name for name, *_ in rows), lambda: run_page.status(status)), 0)


def _held(project: Project, history: History, faults: tuple[Fault, ...], environment: str) -> folds.Hold | None:
    """Why an environment takes nothing: events that cannot be read come first, for nothing passes them by."""
    mine = tuple(fault for fault in faults if fault.holds(environment))
    if mine:
        return folds.Hold(told(mine), mine[0].event.actor, mine[0].event.time)
    return folds.hold(history, environment, releases(history, project.proof))


def _tell(faults: tuple[Fault, ...]) -> None:
    if faults:
        print_record(f"{visible(told(faults))}\nhint: {way_out(faults)}")


def history(folder: str, environment: str | None, limit: int, *, as_json: bool) -> int:
    """Deployments, newest first."""
    project = Project(Path(folder), past_rules=True)
    if environment is not None:
        project.environment(environment)
    seen = project.ledger.read()
    found = [d for d in folds.deployments(seen) if environment in (None, d.environment)]
    newest = found[::-1][:limit]
    _note_past_rules(project)
    if as_json:
        emit(machine.history((d, _answers(project, seen, d)) for d in newest))
    elif newest:
        print_record(terminal.history(newest))
    else:
        print_record("nothing was deployed yet")
    return 0


def show(folder: str, wanted: str, *, as_json: bool) -> int:
    """One deployment."""
    project = Project(Path(folder), past_rules=True)
    seen = project.ledger.read()
    every = folds.deployments(seen)
    found = next((d for d in every if d.id == wanted), None) or folds.latest(seen, wanted)
    if found is None:
        raise BadInput(f"there is no deployment {wanted!r}", hint="`terrace history` lists them")
    answers = _answers(project, seen, found)
    _note_past_rules(project)
    if as_json:
        emit({**machine.deployed("show", found), "approvals": [machine.approval(a) for a in answers]})
        return 0
    print_record(terminal.deployment(found))
    _tell(tuple(fault for fault in unread(seen, project.dismissed) if fault.holds(found.environment)))
    for given in answers:
        role = f" for {given.role}" if given.role else ""
        said = f": {visible(given.comment)}" if given.comment else ""
        known = f"{given.proof}, {visible(witness_word(given.witness))}" if given.witness else given.proof
        print_record(f"  {given.answer} by {visible(given.actor)}{role} ({known}){said}")
    return 0


def _note_past_rules(project: Project) -> None:
    """Say that terrace.yaml of the protected branch cannot be read: answers are told by the rules before."""
    problem = project.rules_problem
    if problem is not None:
        for line in unreadable_text(problem, f"{project.root_place}").splitlines():
            note(f"note: {line}")


def _answers(project: Project, seen: History, deployment: Deployment) -> tuple[Approval, ...]:
    return tuple(approval(signed, project.proof(signed)) for signed in folds.approvals(seen, deployment.id))
