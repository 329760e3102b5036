"""Nobody approves their own work, wherever they say it: what counts is the changes that the release came by."""

from __future__ import annotations

from terrace.gates.conversation.standing import own_work
from terrace.ledger import folds
from terrace.ledger.model import History
from terrace.pipelines.conversation.ports import Conversation
from terrace.pipelines.crew import Crew
from terrace.rollout.model import Deployment

MOST = 20
"""Changes of one release that the forge is asked about, the newest; the gates ask Git about the authors of all."""


def own_part(talk: Conversation, crew: Crew, history: History, deployment: Deployment, login: str) -> str | None:
    """Why somebody with that account does not approve this deployment; None where nothing of it is theirs."""
    good = folds.last_good(history, deployment.environment)
    if good is not None and not crew.repository.is_whole(good.commit, deployment.commit):
        return "history is too shallow here to tell who wrote what is new (`git fetch --unshallow`)"
    known = good is not None and crew.repository.contains(deployment.commit, good.commit)
    landed = crew.repository.landed(good.commit if good is not None and known else None, deployment.commit)
    numbers = dict.fromkeys(number for commit in landed[:MOST] if (number := talk.origin(commit)) is not None)
    for number in numbers:
        change = talk.change(number)
        if change is not None and (why := own_work(login, change)) is not None:
            return why
    return None
