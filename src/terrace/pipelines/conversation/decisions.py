"""Somebody answers what waits, in whatever way: it is written once, and it is told whether the deployment goes on."""

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
from terrace.pipelines.context import Context
from terrace.pipelines.conversation.chat import Heard
from terrace.pipelines.conversation.own_changes import own_part
from terrace.report.markdown.replies import Reply


def answer(talk: Conversation, context: Context, environment: str, witness: Witness, word: approving.Word) -> Heard:
    """Write it down, unless it was, and tell what it came to. Raises BadInput where it could not count."""
    history = context.ledger.read()
    found = approving.waiting(context.policy, history, environment)
    if found is None and written(history, witness, word.answer):
        latest = folds.latest(history, environment)
        ended = word.answer == "reject" and latest is not None and _said_here(history, latest, witness, word.answer)
        before = Reply("That was written down before, and counted.", following=("/terrace status",))
        return Heard(before, left=environment if ended else "")
    # A no is heard whatever the ledger says that the comment said before; it names the deployment that it answers.
    earlier = word.answer == "approve" and written(history, witness, word.answer)
    if found is not None and earlier and not _said_here(history, found[0], witness, word.answer):
        raise BadInput("that answered an earlier deployment of the same plans: say it again for this one")
    if found is not None and word.answer == "approve":
        why = own_part(talk, context.repository, history, found[0], witness.login)
        if why is not None:
            raise BadInput(why)
    deployment, verdict = approving.answer(context, environment, word)
    given = folds.approvals(context.ledger.read(), deployment.id)
    no = next((one.id for one in given if one.witness == witness and one.answer == word.answer), "")
    return weighed(deployment, verdict, word.answer, no)


def written(history: History, witness: Witness, said: approving.Answer) -> bool:
    """Whether the ledger holds that answer with that witness, for whatever deployment."""
    return any(
        one.witness is not None and Witness(**asdict(one.witness)) == witness and one.answer == said
        for _, one in history.of(ApprovalGiven)
    )


def _said_here(history: History, deployment: Deployment, witness: Witness, said: approving.Answer) -> bool:
    return any(one.witness == witness and one.answer == said for one in folds.approvals(history, deployment.id))


def weighed(deployment: Deployment, verdict: Verdict, said: approving.Answer, no: str) -> Heard:
    """What an answer came to: whether the deployment goes on with it, or what else is asked. `no` is the id of a no."""
    word = "The yes" if said == "approve" else "The no"
    what = f"{word} to deployment {deployment.id} of {deployment.commit[:12]} is written down"
    if said == "reject":
        over = "It ended, and nothing more of it is applied"
        back = f"/terrace withdraw {deployment.environment} {no} WHY"
        reply = Reply(f"{what}. {over}. To take the no back:", following=(back,))
        return Heard(reply, left=deployment.environment)
    if verdict.outcome is Outcome.PASS:
        return Heard(Reply(f"{what}. {deployment.environment} goes on."), left=deployment.environment)
    reasons = tuple(f"{result.gate}: {result.reason}" for result in verdict.open)
    return Heard(Reply(f"{what}. {deployment.environment} does not go on yet:", reasons, ("/terrace status",)))
