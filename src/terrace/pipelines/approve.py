"""Somebody answers a waiting deployment. The answer binds to exactly the plans that wait."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from terrace.errors import BadInput
from terrace.gates.model import Verdict
from terrace.gates.statement import Statement, statement_bytes
from terrace.ledger import folds, kinds
from terrace.ledger.model import Draft, History
from terrace.pipelines.asking import gates_say, subjects
from terrace.pipelines.crew import Crew
from terrace.pipelines.journal import append
from terrace.rollout.model import Deployment
from terrace.rollout.next_step import awaiting

Answer = Literal["approve", "reject"]

Sign = Callable[[bytes], str | None]
"""Signs the statement with the user's key; None when the user has none."""


def answer(
    crew: Crew, environment: str, *, answer: Answer, role: str, comment: str, sign: Sign
) -> tuple[Deployment, Verdict]:
    """Write an approval or a rejection, and return the deployment and what the gates say now.

    Raises BadInput when nothing waits there, or when the answer could not count.
    """
    crew.config.environment(environment)
    history = crew.ledger.read()
    deployment = folds.latest(history, environment)
    if deployment is None or not deployment.open or not deployment.waiting:
        raise BadInput(
            f"nothing waits for an answer in {environment}", hint="`terrace status` shows what waits, and where"
        )
    bound = subjects(crew, history, deployment, awaiting(deployment))
    spoken = Statement(crew.actor, role, answer, bound, crew.clock(), comment)
    text = statement_bytes(spoken)
    signature = sign(text)
    draft = _draft(deployment, spoken, text, signature)

    def decide(seen: History) -> tuple[Draft, ...]:
        now = folds.latest(seen, environment)
        if now is None or now.id != deployment.id or not now.open:
            raise BadInput(f"deployment {deployment.id} does not wait any more; nothing was written")
        if subjects(crew, seen, now, awaiting(now)) != bound:
            raise BadInput("the plan changed while you answered; nothing was written", hint="look at it again")
        return (draft,)

    history = append(crew.ledger, history, decide)
    return deployment, gates_say(crew, history, deployment, awaiting(deployment))


def _draft(deployment: Deployment, spoken: Statement, text: bytes, signature: str | None) -> Draft:
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
            "signature": signature,
        },
    )
