"""The notes of a release: which commits it brought into production, who agreed, what was done."""

from __future__ import annotations

from collections.abc import Sequence

from terrace.ledger.deployment import Deployment, Step
from terrace.ledger.folds import SignedApproval
from terrace.report.markdown.escape import code, plain
from terrace.stacks.repository import Commit
from terrace.text import clipped

MOST = 100
"""Commits that are listed."""

_WORDS = (("create", "created"), ("update", "updated"), ("replace", "replaced"), ("delete", "destroyed"))


def release_notes(deployment: Deployment, commits: Sequence[Commit], approvals: Sequence[SignedApproval]) -> str:
    """The notes as Markdown. `commits` are those that were new there, newest first."""
    who = plain(clipped(deployment.requester, 60))
    parts = [f"Deployed to {code(deployment.environment)} by {who}: {_done(deployment)}."]
    told = [one for one in commits if not one.merge]
    if told:
        more = [f"- and {len(told) - MOST} more"] if len(told) > MOST else []
        lines = [f"- {plain(clipped(one.message.split(chr(10))[0], 120))} ({one.id[:12]})" for one in told[:MOST]]
        parts.append("\n".join(["### Commits", "", *lines, *more]))
    given = [one for one in approvals if one.answer == "approve"]
    if given:
        lines = [f"- {plain(clipped(one.actor, 60))}{_role(one)}" for one in given]
        parts.append("\n".join(["### Approved by", "", *lines]))
    return "\n\n".join(parts) + "\n"


def _done(deployment: Deployment) -> str:
    plans = [plan for stack in deployment.stacks if (plan := deployment.last(Step.PLAN, stack)) is not None]
    totals = [(sum(getattr(plan.detail, what) or 0 for plan in plans), word) for what, word in _WORDS]
    return ", ".join(f"{number} {word}" for number, word in totals if number) or "nothing had to change"


def _role(given: SignedApproval) -> str:
    return f" for {plain(clipped(given.role, 60))}" if given.role else ""
