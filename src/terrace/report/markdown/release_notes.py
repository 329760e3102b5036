"""The notes of a release: the commits that it deployed, its approvals, and its changes."""

from __future__ import annotations

from collections.abc import Sequence

from terrace.ledger.approvals import SignedApproval
from terrace.ledger.deployment import Deployment, Step
from terrace.report.markdown.escape import code, plain
from terrace.stacks.repository import Commit
from terrace.text import clip
from terrace.words import and_more

MOST = 100
"""Maximum number of commits that are listed."""

_WORDS = (("create", "created"), ("update", "updated"), ("replace", "replaced"), ("delete", "deleted"))


def release_notes(deployment: Deployment, commits: Sequence[Commit], approvals: Sequence[SignedApproval]) -> str:
    """Returns the notes as Markdown. `commits` are those that were new in the environment, the newest first."""
    who = plain(clip(deployment.requester, 60))
    parts = [f"Deployed to {code(deployment.environment)} by {who}: {_changes(deployment)}."]
    listed = [commit for commit in commits if not commit.merge]
    if listed:
        more = and_more(len(listed) - MOST)
        lines = [f"- {plain(clip(c.message.split(chr(10))[0], 120))} ({c.id[:12]})" for c in listed[:MOST]]
        parts.append("\n".join(["### Commits", "", *lines, *([f"- {more}"] if more else [])]))
    approved = [approval for approval in approvals if approval.answer == "approve"]
    if approved:
        lines = [f"- {plain(clip(approval.actor, 60))}{_role(approval)}" for approval in approved]
        parts.append("\n".join(["### Approved by", "", *lines]))
    return "\n\n".join(parts) + "\n"


def _changes(deployment: Deployment) -> str:
    plans = [plan for stack in deployment.stacks if (plan := deployment.last(Step.PLAN, stack)) is not None]
    totals = [(sum(getattr(plan.detail, attribute) or 0 for plan in plans), word) for attribute, word in _WORDS]
    return ", ".join(f"{number} {word}" for number, word in totals if number) or "no changes"


def _role(approval: SignedApproval) -> str:
    return f" as {plain(clip(approval.role, 60))}" if approval.role else ""
