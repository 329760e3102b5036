"""Decisions on a pending deployment that come from the forge: recorded once, with a reply on what happens next."""

from __future__ import annotations

from msgspec.structs import asdict

from terrace.errors import BadInput
from terrace.forge.ports import Conversation
from terrace.gates.model import Outcome, Verdict, Witness
from terrace.ledger import folds
from terrace.ledger.deployment import Deployment
from terrace.ledger.events.people import ApprovalGiven
from terrace.ledger.model import History
from terrace.pipelines.approvals import approve as approving
from terrace.pipelines.approvals.pending import find_pending
from terrace.pipelines.context import Context
from terrace.pipelines.conversation.chat import CommandResult
from terrace.pipelines.conversation.own_changes import explain_own_change
from terrace.report.markdown.replies import Reply


def answer(
    talk: Conversation, context: Context, environment: str, witness: Witness, word: approving.GivenDecision
) -> CommandResult:
    """Records a decision, unless it is recorded, and returns the reply. Raises BadInput where it would be invalid."""
    history = context.ledger.read()
    pending = find_pending(context.policy, history, environment)
    if pending is None and is_recorded(history, witness, word.answer):
        latest = folds.latest(history, environment)
        ended = word.answer == "reject" and latest is not None and _is_said_here(history, latest, witness, word.answer)
        before = Reply("This decision was already recorded.", following=("/terrace status",))
        return CommandResult(before, left=environment if ended else "")
    # A rejection is recorded even if the ledger has an earlier one with this comment: it names its deployment.
    earlier = word.answer == "approve" and is_recorded(history, witness, word.answer)
    if pending is not None and earlier and not _is_said_here(history, pending[0], witness, word.answer):
        raise BadInput(
            "this comment approved an earlier deployment of the same plans. Comment again to approve this one"
        )
    if pending is not None and word.answer == "approve":
        why = explain_own_change(talk, context.repository, history, pending[0], witness.login)
        if why is not None:
            raise BadInput(why)
    deployment, verdict = approving.answer(context, environment, word)
    approvals = folds.approvals(context.ledger.read(), deployment.id)
    no = next(
        (approval.id for approval in approvals if approval.witness == witness and approval.answer == word.answer), ""
    )
    return decision_reply(deployment, verdict, word.answer, no)


def is_recorded(history: History, witness: Witness, decision: approving.Answer) -> bool:
    """Returns whether the ledger has that decision from that place on the forge, for whichever deployment."""
    return any(
        record.witness is not None and Witness(**asdict(record.witness)) == witness and record.answer == decision
        for _, record in history.of(ApprovalGiven)
    )


def _is_said_here(history: History, deployment: Deployment, witness: Witness, decision: approving.Answer) -> bool:
    return any(
        approval.witness == witness and approval.answer == decision
        for approval in folds.approvals(history, deployment.id)
    )


def decision_reply(deployment: Deployment, verdict: Verdict, decision: approving.Answer, no: str) -> CommandResult:
    """Returns the reply: whether the deployment continues, or what else is required. `no` is the id of a rejection."""
    word = "The approval" if decision == "approve" else "The rejection"
    text = f"{word} of deployment {deployment.id} of {deployment.commit[:12]} is recorded"
    if decision == "reject":
        over = "The deployment has ended, and nothing more of it is applied"
        back = f"/terrace withdraw {deployment.environment} {no} WHY"
        reply = Reply(f"{text}. {over}. To withdraw the rejection:", following=(back,))
        return CommandResult(reply, left=deployment.environment)
    if verdict.outcome is Outcome.PASS:
        return CommandResult(
            Reply(f"{text}. The deployment to {deployment.environment} continues."), left=deployment.environment
        )
    reasons = tuple(f"{result.gate}: {result.reason}" for result in verdict.open)
    return CommandResult(
        Reply(
            f"{text}. The deployment to {deployment.environment} does not continue yet:", reasons, ("/terrace status",)
        )
    )
