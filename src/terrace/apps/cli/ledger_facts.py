"""Approvals, invalid events and old rules, for `status`, `history` and `show`."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from terrace.apps.output.console import note, show
from terrace.apps.output.progress import Silent
from terrace.apps.wiring.project import Project, now
from terrace.errors import BadInput, TerraceError
from terrace.ledger import folds
from terrace.ledger.dismissals import describe_faults, way_out
from terrace.pipelines.hold_releases import current_hold
from terrace.pipelines.situation import evaluate_gates, recorded_situation
from terrace.report.terminal.rules import unreadable_text
from terrace.text import visible
from terrace.words import ago

if TYPE_CHECKING:
    from terrace.config.model import Environment
    from terrace.gates.model import Approval
    from terrace.ledger.deployment import Deployment
    from terrace.ledger.model import History
    from terrace.ledger.reading import Fault
    from terrace.rollout.situation import Situation


def approvals_of(project: Project, history: History, deployment: Deployment) -> tuple[Approval, ...]:
    """Returns the approvals and rejections of a deployment, each with its proof of identity."""
    from terrace.pipelines.approvals.decisions import approval

    return tuple(approval(signed, project.proof(signed)) for signed in folds.approvals(history, deployment.id))


def situation(project: Project, history: History, environment: Environment) -> Situation:
    """Returns what is true of an environment, with its gates evaluated now."""
    hold = current_hold(history, environment.name, project.dismissed, project.proof)
    recorded = recorded_situation(project.trust.config, project.trust.policy, history, environment, hold)
    return evaluate_gates(recorded, history, lambda: project.read_only_context(Silent()))


def known_environments(project: Project, history: History) -> tuple[Environment, ...]:
    """Returns the environments of terrace.yaml, then removed ones in which a deployment is still open."""
    known = project.trust.config.environments
    names = {environment.name for environment in known}
    removed = [d.environment for d in folds.deployments(history) if d.open and d.environment not in names]
    former = []
    for name in dict.fromkeys(removed):
        with contextlib.suppress(BadInput):
            former.append(project.environment(name))
    return (*known, *former)


def note_age(project: Project, error: TerraceError | None) -> None:
    """Prints how old the shown facts are, where the remote cannot be reached."""
    if project.as_of is not None and error is not None:
        note(f"note: this is the state of the last fetch, {ago(project.as_of, now())}: {str(error).splitlines()[0]}")


def show_faults(faults: tuple[Fault, ...]) -> None:
    """Prints the invalid events and how to continue, if there are any."""
    if faults:
        show(f"{visible(describe_faults(faults))}\nhint: {way_out(faults)}")


def note_past_rules(project: Project) -> None:
    """Prints a note if terrace.yaml of the protected branch is invalid: older rules are used then."""
    problem = project.rules_problem
    if problem is not None:
        for line in unreadable_text(problem, f"{project.root_place}").splitlines():
            note(f"note: {line}")
