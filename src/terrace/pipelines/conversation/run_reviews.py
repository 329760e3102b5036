"""Where the forge itself asks people before a run may enter an environment, what they answer is an answer to the plans.

They saw what the run showed them before: the handle of the plans that it made. Their answers count for exactly those.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from terrace.gates.model import Verdict, Witness
from terrace.gates.people import People
from terrace.pipelines import approve as approving
from terrace.pipelines.conversation.ports import Conversation
from terrace.pipelines.conversation.roles import role_of
from terrace.pipelines.crew import Crew
from terrace.stacks.config import Config


@dataclass(frozen=True, slots=True)
class Recorded:
    """One review of the run. `verdict` is what the gates say with it; None where it could not be taken for an answer,
    because nobody in terrace.yaml has that account."""

    login: str
    answer: approving.Answer
    verdict: Verdict | None


def record(
    talk: Conversation, config: Config, clerks: Callable[[str], Crew], run: str, environment: str, handle: str
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
            found.append(Recorded(review.login, answer, None))
            continue
        witness = Witness("environment", run, run, review.login)
        role = role_of(config, environment, person)
        word = approving.Word(answer, role, review.comment, partial(_seen, witness), handle=handle)
        _, verdict = approving.answer(clerks(person), environment, word)
        found.append(Recorded(review.login, answer, verdict))
    return tuple(found)


def _seen(witness: Witness, _: bytes) -> Witness:
    """The forge asked them, and so needs no signature."""
    return witness
