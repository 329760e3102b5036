"""Approves or rejects a pending deployment. The decision is bound to that deployment and to its pending plans."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from terrace.errors import BadInput
from terrace.gates.approvals.gate import why_decision_invalid
from terrace.gates.approvals.plan_handle import handle, is_handle
from terrace.gates.approvals.statement import Statement, statement_bytes
from terrace.gates.model import Verdict, Witness
from terrace.ledger import folds
from terrace.ledger.dates import doubt
from terrace.ledger.deployment import Deployment
from terrace.ledger.events.people import ApprovalGiven, SubjectRecord
from terrace.ledger.events.proof import WitnessRecord
from terrace.ledger.model import Draft, History, draft
from terrace.pipelines.approvals.decisions import approval
from terrace.pipelines.approvals.pending import find_pending, subjects
from terrace.pipelines.context import Context, ProveAuthor
from terrace.pipelines.deploy.gates import decide_plans, gate_questions, situation
from terrace.pipelines.deploy.lifecycle import end_events
from terrace.pipelines.journal import append, preview
from terrace.report.words import last_deployment_words
from terrace.rollout.next_step import Finish, next_step, plans_awaiting_consent

Answer = Literal["approve", "reject"]

SHOWN = 8
"""Digits of the hash of pending plans in an error: enough to compare, too few to approve without a review."""


@dataclass(frozen=True, slots=True)
class GivenDecision:
    """An approval or a rejection by the actor of the command.

    `at` is the time of the decision, now where it is None; `handle` identifies what it is about, "" where the person
    sees the pending plans.
    """

    answer: Answer
    role: str
    comment: str
    vouch: ProveAuthor
    at: datetime | None = None
    handle: str = ""


def answer(context: Context, environment: str, word: GivenDecision) -> tuple[Deployment, Verdict]:
    """Records an approval or a rejection, and returns the deployment and the verdict of the gates now.

    A rejection ends the deployment in the same write. Raises BadInput and records nothing when nothing is pending, when
    other plans are pending than those decided on, or when the decision would be invalid.
    """
    context.config.environment(environment)
    history = context.ledger.read()
    pending = find_pending(context.policy, history, environment)
    if pending is None:
        raise _nothing_pending(history, environment)
    deployment, bound = pending
    insist_on_handle(environment, word.handle, handle(deployment.id, bound))
    spoken = Statement(
        context.actor, word.role, word.answer, bound, word.at or context.clock(), word.comment, deployment.id
    )
    text = statement_bytes(spoken)
    vouched = word.vouch(text)
    written = _draft(deployment, spoken, text, vouched)

    def decide(current: History) -> tuple[Draft, ...]:
        now = folds.latest(current, environment)
        if now is None or now.id != deployment.id or not now.open or not now.waiting:
            raise BadInput(f"deployment {deployment.id} is no longer pending. Not recorded")
        if subjects(context.policy, current, now, plans_awaiting_consent(now)) != bound:
            raise BadInput(
                "the plan changed in the meantime. Not recorded",
                hint="review the new plan (`terrace status`), and decide again",
            )
        # The same comment, processed again, is the same decision. An event that names it with another decision is not.
        if isinstance(vouched, Witness) and _is_written(current, deployment.id, vouched, spoken, word.at):
            return ()
        after = preview(current, [written], context.clock())
        _counts(context, current, after, now)
        return (written, *_end(context, after, now)) if word.answer == "reject" else (written,)

    history = append(context.ledger, history, decide)
    deployment = next(candidate for candidate in folds.deployments(history) if candidate.id == deployment.id)
    return deployment, decide_plans(context, history, deployment, plans_awaiting_consent(deployment))


def require_ledger(history: History, environment: str) -> None:
    """Raises BadInput where there is no ledger yet: a decision does not start one."""
    if not history.events:
        raise _nothing_pending(history, environment)


def _nothing_pending(history: History, environment: str) -> BadInput:
    hint = last_deployment_words(environment, folds.latest(history, environment))
    return BadInput(f"no deployment is pending in {environment}", hint=hint)


def _is_written(history: History, deployment: str, witness: Witness, spoken: Statement, at: datetime | None) -> bool:
    """Returns whether the ledger has this decision from the same comment: by the same person, about the same plans, at
    the same time where that is known."""
    return any(
        (known.witness, known.actor, known.answer, known.subjects, known.named)
        == (witness, spoken.actor, spoken.answer, spoken.subjects, spoken.deployment)
        and at in (None, known.at)
        for known in folds.approvals(history, deployment)
    )


def insist_on_handle(environment: str, requested: str, waits: str) -> None:
    """Raises BadInput where a decision names another handle than that of the pending plans."""
    if not requested or requested == waits:
        return
    if not is_handle(requested):
        # Also a hash of an earlier version: it had eight digits, and people take it for the beginning of this one.
        part = "only the beginning of" if waits.startswith(requested) else "not"
        problem = f"{requested} is {part} the hash of the pending plans in {environment} ({waits[:SHOWN]}…)"
        hint = f"review the plans, and copy the hash from `terrace show {environment}`"
        raise BadInput(f"{problem}. Not recorded", hint=hint)
    problem = f"the pending plans in {environment} are {waits} now, not {requested}"
    hint = f"review them (`terrace show {environment}`), then `terrace approve {environment} {waits}`"
    raise BadInput(f"{problem}. Not recorded", hint=hint)


def _counts(context: Context, history: History, after: History, deployment: Deployment) -> None:
    """Raises BadInput where the newest decision of `after` would be invalid. `history` is the history without it."""
    signed = folds.answers(after)[-1]
    decision = approval(signed, context.proof(signed))
    wrong = doubt(history, context.clock(), context.reference()) if decision.answer == "approve" else None
    if wrong is not None:
        # An approval expires by the time that it states. A rejection is valid whenever it was given.
        raise BadInput(f"{wrong[0]}. Not recorded", hint=wrong[1])
    why = why_decision_invalid(situation(context, history, deployment, plans_awaiting_consent(deployment)), decision)
    if why is not None:
        raise BadInput(f"this decision would be invalid: {why}. Not recorded", hint=_HINTS.get(decision.proof, _OTHERS))


_OTHERS = "`terrace status` shows whose approval is required"
_HINTS = {
    "unsigned": "`git config gpg.format ssh` and `git config user.signingkey KEY.pub`, or --key FILE; without keys: "
    "`approvals: {unsigned: true}`",
    "invalid": "add your public key to the signers of the protected branch, under the name that you approve as",
}


def _end(context: Context, after: History, deployment: Deployment) -> tuple[Draft, ...]:
    """Returns the events that end a rejected deployment."""
    step = next_step(deployment, gate_questions(context, lambda: after, deployment), frozenset())
    if not isinstance(step, Finish):
        return ()
    return end_events(deployment, step.result, step.reasons, actor=context.actor, signed=context.signers)


def _draft(deployment: Deployment, spoken: Statement, text: bytes, vouched: str | Witness | None) -> Draft:
    record = ApprovalGiven(
        actor=spoken.actor,
        role=spoken.role,
        answer=spoken.answer,
        subjects=tuple(SubjectRecord.of(subject) for subject in spoken.subjects),
        at=spoken.at,
        statement=text.decode("utf-8"),
        comment=spoken.comment,
        signature=vouched if isinstance(vouched, str) else None,
        witness=WitnessRecord.of(vouched) if isinstance(vouched, Witness) else None,
        deployment=spoken.deployment,
    )
    return draft(record, deployment.id, spoken.actor)
