"""Nobody approves their own work, wherever they say it: what counts is the changes that the release came by."""

from __future__ import annotations

from collections.abc import Sequence

from terrace.forge.grammar import Approve
from terrace.forge.ports import Conversation
from terrace.forge.standing import barred, own_work
from terrace.ledger import folds
from terrace.ledger.deployment import Deployment
from terrace.ledger.folds import SignedApproval
from terrace.ledger.model import History
from terrace.stacks.repository import Repository

MOST = 100
"""New commits of the protected branch that the forge is asked about. Of a release with more it is not known who opened
its changes."""


def own_part(
    talk: Conversation, repository: Repository, history: History, deployment: Deployment, login: str
) -> str | None:
    """Why somebody with that account does not approve this deployment; None where nothing of it is theirs."""
    good = folds.last_good(history, deployment.environment)
    if good is not None and not repository.is_whole(good.commit, deployment.commit):
        return "history is too shallow here to tell who wrote what is new (`git fetch --unshallow`)"
    known = good is not None and repository.contains(deployment.commit, good.commit)
    landed = repository.landed(good.commit if good is not None and known else None, deployment.commit)
    return own_among(talk, landed, login)


def own_among(talk: Conversation, landed: Sequence[str], login: str) -> str | None:
    """Why somebody with that account does not approve what these commits of the protected branch brought; None where
    nothing of it is theirs."""
    if len(landed) > MOST:
        return f"{len(landed)} commits are new, and the forge is asked about {MOST} at most: deploy an older one first"
    numbers = dict.fromkeys(number for commit in landed for number in talk.origins(commit))
    for number in numbers:
        change = talk.change(number)
        if change is not None and (why := own_work(login, change)) is not None:
            return why
    return None


def may_answer(talk: Conversation, repository: Repository, history: History, signed: SignedApproval) -> bool:
    """Whether the forge says now that the author of an answer may give it.

    That was asked when the answer was heard. It is asked again when it counts: a ledger writer may name a comment that
    was refused, and a person may have lost their rights since. A no may be given by everybody.
    """
    if signed.witness is None or signed.answer != "approve":
        return True
    login, kind = signed.witness.login, signed.witness.kind
    deployment = folds.deployment_of(history, signed.named)
    if deployment is None or own_part(talk, repository, history, deployment, login) is not None:
        return False
    if kind == "environment":
        # The forge itself decides whose review of a run counts.
        return True
    return barred(Approve(deployment.environment, ""), login, talk.permission(login), None) is None
