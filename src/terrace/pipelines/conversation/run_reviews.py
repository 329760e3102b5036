"""Reviews of CI runs: where the forge requires a review before a run enters an environment, it approves the plans.

The reviewers saw the handle of the plans that the run made. Their decisions are valid for exactly those.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from terrace.config.model import Config
from terrace.errors import BadInput
from terrace.forge.model import RunReview
from terrace.forge.ports import Conversation
from terrace.gates.approvals.people import People
from terrace.gates.model import Verdict, Witness
from terrace.pipelines.approvals import approve as approving
from terrace.pipelines.approvals.pending import find_pending, pending_handle
from terrace.pipelines.context import Context
from terrace.pipelines.conversation.chat import infer_role
from terrace.pipelines.conversation.own_changes import explain_own_change


@dataclass(frozen=True, slots=True)
class Recorded:
    """One review of the run. `verdict` is that of the gates with it; None where it was not recorded, for the reason
    `why`."""

    login: str
    answer: approving.Answer
    verdict: Verdict | None
    why: str = ""


def record(
    talk: Conversation, config: Config, audit_context: Callable[[str], Context], run: str, environment: str, handle: str
) -> tuple[Recorded, ...]:
    """Records the reviews of a run as decisions on the plans with that handle; nothing where no review was required.

    Recording the same again changes nothing. Raises BadInput where other plans are pending than the reviewers saw.
    """
    people = People(config)
    recorded = []
    for review in talk.run_reviews(run):
        if review.environment != environment or review.machine:
            continue
        answer: approving.Answer = "approve" if review.approves else "reject"
        person = people.of_login(review.login)
        if person is None:
            recorded.append(Recorded(review.login, answer, None, "no person in terrace.yaml has this account"))
            continue
        context = audit_context(person)
        if why := _why_own_work(talk, context, environment, review):
            recorded.append(Recorded(review.login, answer, None, why))
            continue
        witness = Witness("environment", run, run, review.login)
        role = infer_role(config, environment, person)
        word = approving.GivenDecision(answer, role, review.comment, partial(_review_witness, witness), handle=handle)
        approving.insist_on_handle(
            environment, handle, pending_handle(context.policy, context.ledger.read(), environment)
        )
        try:
            _, verdict = approving.answer(context, environment, word)
        except BadInput as error:
            # It is reported, and does not prevent the recording of other reviews.
            recorded.append(Recorded(review.login, answer, None, error.message))
            continue
        recorded.append(Recorded(review.login, answer, verdict))
    return tuple(recorded)


def _why_own_work(talk: Conversation, context: Context, environment: str, review: RunReview) -> str | None:
    """Returns why an approval would be of the reviewer's own work; None where it is not, or for a rejection."""
    history = context.ledger.read()
    pending = find_pending(context.policy, history, environment)
    if pending is None or not review.approves:
        return None
    return explain_own_change(talk, context.repository, history, pending[0], review.login)


def _review_witness(witness: Witness, _: bytes) -> Witness:
    """Returns the review as the proof: the forge asked for it, so it needs no signature."""
    return witness
