"""Somebody answers a waiting deployment. The answer binds to exactly the plans that wait."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Literal

from terrace.errors import BadInput
from terrace.gates.handle import handle
from terrace.gates.model import Subject, Verdict, Witness
from terrace.gates.statement import Statement, statement_bytes
from terrace.ledger import folds, kinds
from terrace.ledger.model import Draft, History
from terrace.pipelines.asking import gates_say, subjects
from terrace.pipelines.crew import Crew
from terrace.pipelines.journal import append
from terrace.rollout.model import Deployment
from terrace.rollout.next_step import awaiting

Answer = Literal["approve", "reject"]

Vouch = Callable[[bytes], str | Witness | None]
"""Says how the author is known: signs the statement with their key, or names where they said it; None with neither."""


@dataclass(frozen=True, slots=True)
class Word:
    """What somebody answers.

    `at` is when they said it, now where nobody tells; `handle` is what they said it about, "" where they look at it
    themselves.
    """

    answer: Answer
    role: str
    comment: str
    vouch: Vouch
    at: datetime | None = None
    handle: str = ""


def answer(crew: Crew, environment: str, word: Word) -> tuple[Deployment, Verdict]:
    """Write an approval or a rejection, and return the deployment and what the gates say now.

    Raises BadInput when nothing waits there, when something else waits than what the answer is about, or when the
    answer could not count.
    """
    crew.config.environment(environment)
    history = crew.ledger.read()
    found = waiting(crew.policy, history, environment)
    if found is None:
        raise BadInput(
            f"nothing waits for an answer in {environment}", hint="`terrace status` shows what waits, and where"
        )
    deployment, bound = found
    if word.handle and word.handle != handle(bound):
        what = f"what waits in {environment} is {handle(bound)} by now, not {word.handle}"
        raise BadInput(f"{what}; nothing was written", hint="look at it, and answer for that")
    spoken = Statement(crew.actor, word.role, word.answer, bound, word.at or crew.clock(), word.comment)
    text = statement_bytes(spoken)
    vouched = word.vouch(text)
    draft = _draft(deployment, spoken, text, vouched)

    def decide(seen: History) -> tuple[Draft, ...]:
        now = folds.latest(seen, environment)
        if now is None or now.id != deployment.id or not now.open:
            raise BadInput(f"deployment {deployment.id} does not wait any more; nothing was written")
        if subjects(crew.policy, seen, now, awaiting(now)) != bound:
            raise BadInput("the plan changed while you answered; nothing was written", hint="look at it again")
        # The same comment, heard again, is the same answer.
        given = {one.witness for one in folds.approvals(seen, deployment.id) if one.witness is not None}
        return () if vouched in given else (draft,)

    history = append(crew.ledger, history, decide)
    return deployment, gates_say(crew, history, deployment, awaiting(deployment))


def waiting(policy: str, history: History, environment: str) -> tuple[Deployment, tuple[Subject, ...]] | None:
    """What waits for an answer there, and exactly what an answer binds to; None where nothing does."""
    deployment = folds.latest(history, environment)
    if deployment is None or not deployment.open or not deployment.waiting:
        return None
    return deployment, subjects(policy, history, deployment, awaiting(deployment))


def handle_of(policy: str, history: History, environment: str) -> str:
    """The handle of what waits for an answer there; "" where nothing does."""
    found = waiting(policy, history, environment)
    return handle(found[1]) if found is not None else ""


def _draft(deployment: Deployment, spoken: Statement, text: bytes, vouched: str | Witness | None) -> Draft:
    return Draft(
        kind=kinds.APPROVAL_GIVEN,
        subject=deployment.id,
        actor=spoken.actor,
        payload={
            "actor": spoken.actor,
            "role": spoken.role,
            "answer": spoken.answer,
            "subjects": [
                {
                    "ledger": s.ledger,
                    "environment": s.environment,
                    "stack": s.stack,
                    "commit": s.commit,
                    "digest": s.digest,
                    "policy": s.policy,
                    "lineage": s.lineage,
                }
                for s in spoken.subjects
            ],
            "at": spoken.at.isoformat(),
            "comment": spoken.comment,
            "statement": text.decode("utf-8"),
            "signature": vouched if isinstance(vouched, str) else None,
            **({"witness": asdict(vouched)} if isinstance(vouched, Witness) else {}),
        },
    )
