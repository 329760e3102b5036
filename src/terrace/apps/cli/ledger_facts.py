"""Approvals, invalid events and old rules, for `status`, `history` and `show`."""

from __future__ import annotations

from terrace.apps.output.console import note, show
from terrace.apps.wiring.project import Project
from terrace.gates.model import Approval
from terrace.ledger import folds
from terrace.ledger.deployment import Deployment
from terrace.ledger.dismissals import told, way_out
from terrace.ledger.model import History
from terrace.ledger.reading import Fault
from terrace.pipelines.approvals.decisions import approval
from terrace.report.terminal.rules import unreadable_text
from terrace.text import visible


def approvals_of(project: Project, history: History, deployment: Deployment) -> tuple[Approval, ...]:
    """Returns the approvals and rejections of a deployment, each with its proof of identity."""
    return tuple(approval(signed, project.proof(signed)) for signed in folds.approvals(history, deployment.id))


def show_faults(faults: tuple[Fault, ...]) -> None:
    """Prints the invalid events and how to continue, if there are any."""
    if faults:
        show(f"{visible(told(faults))}\nhint: {way_out(faults)}")


def note_past_rules(project: Project) -> None:
    """Prints a note if terrace.yaml of the protected branch is invalid: older rules are used then."""
    problem = project.rules_problem
    if problem is not None:
        for line in unreadable_text(problem, f"{project.root_place}").splitlines():
            note(f"note: {line}")
