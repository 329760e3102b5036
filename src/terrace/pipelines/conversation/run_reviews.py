"""Where the forge itself asks people before a run may enter an environment, what they answer is an answer to the plans.

They saw what the run showed them before: the handle of the plans that it made. Their answers count for exactly those.
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
from terrace.pipelines.context import Context
from terrace.pipelines.conversation.chat import role_of
from terrace.pipelines.conversation.own_changes import own_part


@dataclass(frozen=True, slots=True)
class Recorded:
    """One review of the run. `verdict` is what the gates say with it; None where it was not taken for an answer, and
    `why` says why."""

    login: str
    answer: approving.Answer
    verdict: Verdict | None
    why: str = ""


def record(
    talk: Conversation, config: Config, clerks: Callable[[str], Context], run: str, environment: str, handle: str
) -> tuple[Recorded, ...]:
    """Write down what people answered to a run, for the plans of that handle; nothing where nobody was asked.

    The same again writes nothing. Raises BadInput where something else waits than what they were shown.
    """
    people = People(config)
    found = []
    for review in talk.run_reviews(run):
        if review.environment != environment or review.machine:
            continue
        answer: approving.Answer = "approve" if review.approves else "reject"
        person = people.of_login(review.login)
        if person is None:
            found.append(Recorded(review.login, answer, None, "nobody in terrace.yaml has this account"))
            continue
        context = clerks(person)
        if why := _own(talk, context, environment, review):
            found.append(Recorded(review.login, answer, None, why))
            continue
        witness = Witness("environment", run, run, review.login)
        role = role_of(config, environment, person)
        word = approving.Word(answer, role, review.comment, partial(_seen, witness), handle=handle)
        approving.about(environment, handle, approving.handle_of(context.policy, context.ledger.read(), environment))
        try:
            _, verdict = approving.answer(context, environment, word)
        except BadInput as error:
            # It is told, and keeps nothing back of what others said.
            found.append(Recorded(review.login, answer, None, error.message))
            continue
        found.append(Recorded(review.login, answer, verdict))
    return tuple(found)


def _own(talk: Conversation, context: Context, environment: str, review: RunReview) -> str | None:
    """Why a yes would be one to their own work; None where it is not, or where they said no."""
    history = context.ledger.read()
    found = approving.waiting(context.policy, history, environment)
    if found is None or not review.approves:
        return None
    return own_part(talk, context.repository, history, found[0], review.login)


def _seen(witness: Witness, _: bytes) -> Witness:
    """The forge asked them, and so needs no signature."""
    return witness
