"""Sentences about compliance that every renderer uses.

A share of controls is never shown alone: the controls that are not evaluated or manual are listed beside it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from terrace.compliance.overview import LatestAudit
from terrace.compliance.results import STATES, ControlResult, Evidence, FrameworkResult, Outcome, distinct

CAVEAT = (
    "This report shows what Terrace checked: plans of the deployed configuration, and its own ledger. "
    "It does not prove a control: a control also requires what plans do not show."
)


def totals(result: FrameworkResult) -> str:
    """Returns how many controls are in which state, of how many."""
    parts = [f"{result.count(state)} {state}" for state in STATES]
    return f"{', '.join(parts)} of {len(result.controls)} listed"


def framework_title(result: FrameworkResult) -> str:
    """Returns the name and version of a framework."""
    return f"{result.framework.name} {result.framework.version}"


def check_words(looked: LatestAudit) -> str:
    """Returns when an environment was checked, and at which commit."""
    check = looked.look
    if check is None:
        return "never checked"
    commits = ", ".join(commit[:7] for commit in check.scope.commits)
    numbers = ", ".join(f"{check.findings.get(word, 0)} {word}" for word in ("fail", "unknown", "waived"))
    return f"{moment(check.at)} at {commits} by {check.by}, rules {check.policy}; findings: {numbers}"


def moment(at: datetime) -> str:
    """Returns a moment as people read it: `2026-01-31 12:00 UTC`."""
    return f"{at:%Y-%m-%d %H:%M} UTC"


def evidence_sentence(evidence: Evidence) -> str:
    """Returns a piece of evidence: by what, where, what, when, at which commit."""
    commits = ", ".join(commit[:7] for commit in evidence.commits[:3]) + (", ..." if len(evidence.commits) > 3 else "")
    at = f", {moment(evidence.at)}" if evidence.at is not None else ""
    where = f" at {commits}" if commits else ""
    return f"{evidence.by} in {evidence.environment}: {evidence.what}{at}{where}"


def relevant_evidence(control_result: ControlResult) -> tuple[Evidence, ...]:
    """Returns the evidence of a control, each once. Evidence of checks with nothing to check is left out where there is
    other."""
    relevant = distinct(
        evidence for evidence in control_result.evidence if evidence.outcome is not Outcome.NOT_APPLICABLE
    )
    return relevant or distinct(control_result.evidence)


def coverage(control_result: ControlResult) -> str:
    """Returns for how many of the sources of a control Terrace has evidence."""
    parts = [f"{control_result.looked} of {control_result.mapped} mapped checks"] if control_result.mapped else []
    return (
        " and ".join([*parts, *(["Terrace's own: " + ", ".join(control_result.own)] if control_result.own else [])])
        or "none"
    )


def has_failures(frameworks: Iterable[FrameworkResult]) -> bool:
    """Returns whether a control of any framework fails."""
    return any(result.count("fail") for result in frameworks)
