"""Whether the forge still says what an answer in the ledger is said to have been."""

from __future__ import annotations

from terrace.gates.conversation.grammar import Approve, Reject, understood
from terrace.gates.conversation.model import Said
from terrace.gates.handle import handle
from terrace.gates.people import People
from terrace.ledger.folds import SignedApproval
from terrace.pipelines.conversation.ports import Conversation


def still_said(talk: Conversation, people: People, signed: SignedApproval) -> bool:
    """Whether what the witness names is still there, unchanged, by that person, and says exactly this answer.

    Raises NotReady where the forge cannot be asked.
    """
    witness = signed.witness
    if witness is None or people.of_login(witness.login) != signed.actor:
        return False
    if witness.kind == "environment":
        return any(
            review.login == witness.login
            and review.approves == (signed.answer == "approve")
            and {subject.environment for subject in signed.subjects} == {review.environment}
            for review in talk.run_reviews(witness.id)
        )
    if witness.kind != "comment":
        return False
    said = talk.said(witness.id)
    return said is not None and _is(said, witness.login) and _means(said.text, signed)


def _is(said: Said, login: str) -> bool:
    return not said.edited and not said.machine and said.login.casefold() == login.casefold()


def _means(text: str, signed: SignedApproval) -> bool:
    """Whether that text says this answer about exactly these plans."""
    environments = {subject.environment for subject in signed.subjects}
    about = handle(signed.subjects)
    match understood(text):
        case Approve(environment, given):
            return signed.answer == "approve" and environments == {environment} and given == about
        case Reject(environment, given):
            return signed.answer == "reject" and environments == {environment} and given == about
        case _:
            return False
