"""Somebody answers a waiting deployment. The answer binds to that deployment and to exactly the plans that wait."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from terrace.errors import BadInput
from terrace.gates.approvals.handle import OLD_LENGTH, handle
from terrace.gates.approvals.statement import Statement, statement_bytes
from terrace.gates.decide import unusable
from terrace.gates.model import Subject, Verdict, Witness
from terrace.ledger import folds
from terrace.ledger.dates import doubt, no_earlier
from terrace.ledger.deployment import Deployment
from terrace.ledger.events.people import ApprovalGiven, SubjectRecord
from terrace.ledger.events.proof import WitnessRecord
from terrace.ledger.model import Draft, History, draft
from terrace.pipelines.approvals.decisions import approval
from terrace.pipelines.context import Context, ProveAuthor
from terrace.pipelines.deploy.gates import asked, gates_say, situation, subjects
from terrace.pipelines.deploy.lifecycle import ended
from terrace.pipelines.journal import append, preview
from terrace.rollout.next_step import Finish, awaiting, next_step

Answer = Literal["approve", "reject"]


@dataclass(frozen=True, slots=True)
class Word:
    """What somebody answers.

    `at` is when they said it, now where nobody tells; `handle` is what they said it about, "" where they look at it
    themselves.
    """

    answer: Answer
    role: str
    comment: str
    vouch: ProveAuthor
    at: datetime | None = None
    handle: str = ""


def answer(context: Context, environment: str, word: Word) -> tuple[Deployment, Verdict]:
    """Write an approval or a rejection, and return the deployment and what the gates say now.

    A rejection ends the deployment in the same write. Raises BadInput, and writes nothing, when nothing waits there,
    when something else waits than what the answer is about, or when the answer would not count.
    """
    context.config.environment(environment)
    history = context.ledger.read()
    found = waiting(context.policy, history, environment)
    if found is None:
        raise BadInput(
            f"nothing waits for an answer in {environment}", hint="`terrace status` shows what waits, and where"
        )
    deployment, bound = found
    about(environment, word.handle, handle(deployment.id, bound))
    spoken = Statement(
        context.actor, word.role, word.answer, bound, word.at or context.clock(), word.comment, deployment.id
    )
    text = statement_bytes(spoken)
    vouched = word.vouch(text)
    written = _draft(deployment, spoken, text, vouched)

    def decide(seen: History) -> tuple[Draft, ...]:
        now = folds.latest(seen, environment)
        if now is None or now.id != deployment.id or not now.open or not now.waiting:
            raise BadInput(f"deployment {deployment.id} does not wait any more; nothing was written")
        if subjects(context.policy, seen, now, awaiting(now)) != bound:
            raise BadInput("the plan changed while you answered; nothing was written", hint="look at it again")
        # The same comment, heard again, is the same answer; an event that names it and says something else is none.
        if isinstance(vouched, Witness) and _is_written(seen, deployment.id, vouched, spoken, word.at):
            return ()
        after = preview(seen, [written], context.clock())
        _counts(context, seen, after, now)
        return (written, *_end(context, after, now)) if word.answer == "reject" else (written,)

    history = append(context.ledger, history, decide)
    deployment = next(one for one in folds.deployments(history) if one.id == deployment.id)
    return deployment, gates_say(context, history, deployment, awaiting(deployment))


def _is_written(history: History, deployment: str, witness: Witness, spoken: Statement, at: datetime | None) -> bool:
    """Whether the ledger holds what was said there as an answer to a deployment: the same answer, by the same person,
    about the same plans, at the same time where that is known."""
    return any(
        (one.witness, one.actor, one.answer, one.subjects, one.named)
        == (witness, spoken.actor, spoken.answer, spoken.subjects, spoken.deployment)
        and at in (None, one.at)
        for one in folds.approvals(history, deployment)
    )


def waiting(policy: str, history: History, environment: str) -> tuple[Deployment, tuple[Subject, ...]] | None:
    """What waits for an answer there, and exactly what an answer binds to; None where nothing does."""
    deployment = folds.latest(history, environment)
    if deployment is None or not deployment.open or not deployment.waiting:
        return None
    bound = subjects(policy, history, deployment, awaiting(deployment))
    return (deployment, bound) if bound else None


def handle_of(policy: str, history: History, environment: str) -> str:
    """The handle of what waits for an answer there; "" where nothing does."""
    found = waiting(policy, history, environment)
    return handle(found[0].id, found[1]) if found is not None else ""


def about(environment: str, given: str, waits: str) -> None:
    """Check what an answer names. Raises BadInput where an answer names something else than what waits."""
    if not given or given == waits:
        return
    if len(given) == OLD_LENGTH:
        why = "handles are longer now, so that nobody can find other plans with the same one"
        raise BadInput(f"{given} is a handle of an earlier version; nothing was written", hint=f"{why}: {waits}")
    what = f"what waits in {environment} is {waits} by now, not {given}"
    raise BadInput(f"{what}; nothing was written", hint="look at it, and answer for that")


def _counts(context: Context, seen: History, after: History, deployment: Deployment) -> None:
    """Raises BadInput where the newest answer of `after` would count for nothing. `seen` is the history without it."""
    signed = folds.answers(after)[-1]
    one = approval(signed, context.proof(signed))
    wrong = doubt(seen, context.clock(), context.reference()) if one.answer == "approve" else None
    if wrong is not None:
        # A yes says when it was given, and expires by that. A no counts whenever it was said.
        raise BadInput(f"{wrong[0]}; nothing was written", hint=wrong[1])
    why = unusable(
        context.config,
        one,
        situation(context, seen, deployment, awaiting(deployment)),
        no_earlier(seen, context.clock()),
    )
    if why is not None:
        raise BadInput(f"that answer would not count: {why}; nothing was written", hint=_HINTS.get(one.proof, _OTHERS))


_OTHERS = "`terrace status` shows who is asked"
_HINTS = {
    "unsigned": "`git config gpg.format ssh` and `git config user.signingkey KEY.pub`, or --key FILE; without keys: "
    "`approvals: {unsigned: true}`",
    "invalid": "your public key must be in the signers of the protected branch, under the name that you answer as",
}


def _end(context: Context, after: History, deployment: Deployment) -> tuple[Draft, ...]:
    """The end of a deployment to which somebody said no."""
    step = next_step(deployment, asked(context, lambda: after, deployment), frozenset())
    return ended(context, deployment, step.result, step.reasons) if isinstance(step, Finish) else ()


def _draft(deployment: Deployment, spoken: Statement, text: bytes, vouched: str | Witness | None) -> Draft:
    given = ApprovalGiven(
        actor=spoken.actor,
        role=spoken.role,
        answer=spoken.answer,
        subjects=tuple(SubjectRecord.of(one) for one in spoken.subjects),
        at=spoken.at,
        statement=text.decode("utf-8"),
        comment=spoken.comment,
        signature=vouched if isinstance(vouched, str) else None,
        witness=WitnessRecord.of(vouched) if isinstance(vouched, Witness) else None,
        deployment=spoken.deployment,
    )
    return draft(given, deployment.id, spoken.actor)
