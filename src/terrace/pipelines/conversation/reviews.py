"""Decisions by a review or by ticking a box: Terrace records them in a comment of its own, and then as any other."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from terrace.errors import TerraceError
from terrace.forge import deployment_request
from terrace.forge.approval_confirmations import ObservedDecision
from terrace.forge.author_permission import why_barred
from terrace.forge.grammar import Approve, Reject, read_command
from terrace.forge.model import Change, Review, Ticked
from terrace.gates.approvals.people import People
from terrace.gates.model import Witness
from terrace.pipelines.approvals import approve as approving
from terrace.pipelines.approvals.pending import pending_handle
from terrace.pipelines.conversation import decisions
from terrace.pipelines.conversation.chat import ChatContext, CommandResult, infer_role, refuse
from terrace.pipelines.conversation.comments import resume_environment
from terrace.report.markdown.replies import testimony_page


def handle_review(chat: ChatContext, review: Review) -> CommandResult | None:
    """Handles a review whose text approves or rejects a deployment. Returns None for other reviews: approving a change
    approves no deployment."""
    command = read_command(review.text)
    if review.machine or not isinstance(command, Approve | Reject):
        return None
    change = chat.talk.change(review.number)
    if isinstance(command, Approve) and not review.approves:
        return refuse("No changes were made: the review does not approve the change.")
    if change is not None and review.head != change.head:
        return refuse("No changes were made: new commits were pushed to the change after the review.")
    answer: approving.Answer = "approve" if isinstance(command, Approve) else "reject"
    decision = ObservedDecision("review", review.login, answer, command.environment, command.handle)
    return _record_decision(chat, decision, review.number, change, "", review.at)


def box(chat: ChatContext, edit: Ticked) -> CommandResult | None:
    """Handles a ticked box of a deployment request. Returns None unless exactly one box was ticked."""
    requested = deployment_request.request(edit.after)
    role = deployment_request.find_ticked_role(edit.before, edit.after)
    if requested is None or role is None:
        return None
    if not requested.handle:
        return refuse("Ignored: there is no pending deployment to approve yet.")
    person = People(chat.config).of_login(edit.login)
    if person is None or role not in People(chat.config).teams_of(People(chat.config).person(person)):
        return refuse(f"No changes were made: only members of the team {role} in terrace.yaml can tick its box.")
    decision = ObservedDecision("box", edit.login, "approve", requested.environment, requested.handle)
    heard = _record_decision(chat, decision, edit.number, None, role, None)
    return heard if heard.done else replace(heard, reply=replace(heard.reply, following=("/terrace status",)))


def go_on(chat: ChatContext, login: str, heard: CommandResult) -> CommandResult | None:
    """Runs the second pass after a decision that lets a deployment continue; returns None where there is nothing to
    do."""
    person = People(chat.config).of_login(login)
    if not heard.left or person is None:
        return None
    return resume_environment(chat, person, heard.left)


def update_request(chat: ChatContext, number: int, body: str, waits: str) -> None:
    """Updates a request to the pending plans, without the boxes ticked for others."""
    requested = deployment_request.request(body)
    if requested is not None and requested.handle != waits:
        chat.talk.rewrite(number, deployment_request.update_request(body, waits))


def _record_decision(
    chat: ChatContext, observed: ObservedDecision, number: int, change: Change | None, role: str, at: datetime | None
) -> CommandResult:
    command = (
        Approve(observed.environment, observed.handle)
        if observed.answer == "approve"
        else Reject(observed.environment, observed.handle)
    )
    why = why_barred(command, observed.login, chat.talk.permission(observed.login), change)
    person = People(chat.config).of_login(observed.login)
    if why is not None or person is None:
        return refuse(f"No changes were made: {why or 'no person in terrace.yaml has this account'}.")
    if not chat.talk.mine_alone:
        # Anyone who can write as Terrace could claim to have seen the review.
        return refuse("No changes were made: reviews and boxes require Terrace to write as its own App.")
    try:
        chat.config.environment(observed.environment)
        context = chat.audit_context(person)
        if pending_handle(context.policy, context.ledger.read(), observed.environment) != observed.handle:
            return refuse(
                f"No changes were made: the pending plans in {observed.environment} are no longer {observed.handle}."
            )
        comment = chat.talk.testify(number, observed.marker, testimony_page(observed))
        witness = Witness(observed.kind, comment, str(number), observed.login)
        chosen = role or infer_role(chat.config, observed.environment, person)
        comment_now = chat.talk.read_comment(comment) if at is None else None
        when = comment_now.at if comment_now is not None else at
        word = approving.GivenDecision(observed.answer, chosen, "", lambda _: witness, when, observed.handle)
        return decisions.answer(chat.talk, context, observed.environment, witness, word)
    except TerraceError as error:
        return refuse(f"No changes were made: {error.message}.", hint=error.hint)
