"""Authorship of the changes in a release: no one approves their own work, wherever they approve it."""

from __future__ import annotations

from collections.abc import Sequence

from terrace.forge.author_permission import own_work, why_barred
from terrace.forge.grammar import Approve
from terrace.forge.ports import Conversation
from terrace.ledger import folds
from terrace.ledger.approvals import SignedApproval
from terrace.ledger.deployment import Deployment
from terrace.ledger.model import History
from terrace.stacks.repository import Repository

MOST = 100
"""Maximum number of new commits in a request to the forge. With more, the openers of the changes are unknown."""


def explain_own_change(
    talk: Conversation, repository: Repository, history: History, deployment: Deployment, login: str
) -> str | None:
    """Returns why a person with that account cannot approve this deployment; None where none of the changes is
    theirs."""
    good = folds.last_good(history, deployment.environment)
    if good is not None and not repository.is_whole(good.commit, deployment.commit):
        return "this clone is too shallow to determine who wrote the new commits (`git fetch --unshallow`)"
    is_known = good is not None and repository.contains(deployment.commit, good.commit)
    landed = repository.commits_on_first_parent(
        good.commit if good is not None and is_known else None, deployment.commit
    )
    return explain_own_commits(talk, landed, login)


def explain_own_commits(talk: Conversation, landed: Sequence[str], login: str) -> str | None:
    """Returns why a person with that account cannot approve these commits of the protected branch; None where none is
    theirs."""
    if len(landed) > MOST:
        return f"there are {len(landed)} new commits, and Terrace checks {MOST} at most: deploy an older commit first"
    numbers = dict.fromkeys(number for commit in landed for number in talk.origins(commit))
    for number in numbers:
        change = talk.change(number)
        if change is not None and (why := own_work(login, change)) is not None:
            return why
    return None


def is_allowed_to_decide(talk: Conversation, repository: Repository, history: History, signed: SignedApproval) -> bool:
    """Returns whether the forge says now that the author of a decision is allowed to give it.

    That was checked when the decision was recorded, and is checked again when it is used: an event may name a comment
    that was refused, and a person may have lost their rights since. Everyone is allowed to reject.
    """
    if signed.witness is None or signed.answer != "approve":
        return True
    login, kind = signed.witness.login, signed.witness.kind
    deployment = folds.deployment_of(history, signed.named)
    if deployment is None or explain_own_change(talk, repository, history, deployment, login) is not None:
        return False
    if kind == "environment":
        # The forge itself decides whose review of a run is valid.
        return True
    return why_barred(Approve(deployment.environment, ""), login, talk.permission(login), None) is None
