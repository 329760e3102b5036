"""Confirmation by the forge that a decision or declaration in the ledger is still there, unchanged."""

from __future__ import annotations

from typing import Literal

from terrace.forge.approval_confirmations import ObservedDecision
from terrace.forge.author_permission import why_barred
from terrace.forge.grammar import Approve, Reject, Unlock, Withdraw, read_command
from terrace.forge.model import Comment
from terrace.forge.ports import Conversation
from terrace.gates.approvals.people import People
from terrace.gates.approvals.plan_handle import handle
from terrace.gates.approvals.tally import CLOCK_SKEW
from terrace.gates.model import Witness
from terrace.ledger.approvals import SignedApproval
from terrace.ledger.declared import Declared


def is_confirmed(talk: Conversation, people: People, signed: SignedApproval) -> bool:
    """Returns whether the comment or review of a decision is still there, unchanged, by that person, with this
    decision.

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
    comment = talk.read_comment(witness.id)
    if comment is None or comment.edited or not _names(witness, comment):
        return False
    if witness.kind == "comment":
        # The time as well: a decision with a later date would be valid longer, and after a rejection that followed it.
        is_same_comment = not comment.machine and comment.login == witness.login and comment.at == signed.at
        return is_same_comment and _means(comment.text, signed)
    # Terrace's own comment about a review, if no one else can write as Terrace; never later than the decision.
    return (
        talk.mine_alone
        and signed.at - comment.at <= CLOCK_SKEW
        and _same(comment.login, talk.me)
        and comment.text.split("\n", 1)[0].rstrip() == _testimony(witness, signed)
    )


def is_declaration_confirmed(talk: Conversation, people: People, declared: Declared) -> bool:
    """Returns whether the comment of a declaration is still there, unchanged, by that person, who is allowed to declare
    exactly this.

    Raises NotReady where the forge cannot be asked.
    """
    witness, declaration = declared.witness, declared.declaration
    if witness is None or witness.kind != "comment" or people.of_login(witness.login) != declaration.actor:
        return False
    heard = talk.read_comment(witness.id)
    if heard is None or heard.edited or heard.machine or heard.at != declaration.at:
        return False
    if not _names(witness, heard) or heard.login != witness.login:
        return False
    command = read_command(heard.text)
    if not isinstance(command, Withdraw | Unlock):
        return False
    if why_barred(command, witness.login, talk.permission(witness.login), None) is not None:
        # An event may name a comment that was refused when it was processed.
        return False
    match command:
        case Withdraw(environment, of, why):
            return declaration.act == "withdraw" and (environment, of, why) == (
                declaration.environment,
                declaration.about,
                declaration.reason,
            )
        case Unlock(environment, why):
            return declaration.act == "unhold" and (environment, why) == (declaration.environment, declaration.reason)


def _testimony(witness: Witness, signed: SignedApproval) -> str | None:
    """Returns the first line of the comment in which Terrace recorded the review."""
    environments = {subject.environment for subject in signed.subjects}
    if len(environments) != 1 or witness.kind not in ("review", "box"):
        return None
    answer: Literal["approve", "reject"] = "approve" if signed.answer == "approve" else "reject"
    kind: Literal["review", "box"] = "review" if witness.kind == "review" else "box"
    return ObservedDecision(
        kind, witness.login, answer, environments.pop(), handle(signed.named, signed.subjects)
    ).marker


def _names(witness: Witness, comment: Comment) -> bool:
    """Returns whether the id of a comment is spelled as on the forge: spelled otherwise, one comment could be valid
    twice."""
    return (witness.id, witness.number) == (comment.id, str(comment.number))


def _same(line: str, other: str) -> bool:
    return line.casefold() == other.casefold()


def _means(text: str, signed: SignedApproval) -> bool:
    """Returns whether a text gives this decision on exactly these plans."""
    environments = {subject.environment for subject in signed.subjects}
    about = handle(signed.named, signed.subjects)
    match read_command(text):
        case Approve(environment, named):
            return signed.answer == "approve" and environments == {environment} and named == about
        case Reject(environment, named):
            return signed.answer == "reject" and environments == {environment} and named == about
        case _:
            return False
