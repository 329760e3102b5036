"""Withdrawal of a rejection: by the person who gave it, or by two others where that person cannot."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from terrace.config.model import ApprovalRule
from terrace.errors import BadInput
from terrace.gates.approvals.gate import approval_rule
from terrace.gates.approvals.people import IneligibleApprovers, People
from terrace.gates.approvals.tally import Decisions, Question, group_persons, valid_rejections, why_withdrawal_invalid
from terrace.gates.model import Approval, Withdrawal
from terrace.ledger import folds
from terrace.ledger.declared import withdrawals
from terrace.ledger.events.people import RejectionWithdrawn
from terrace.ledger.model import Draft, History, draft
from terrace.pipelines.approvals.decisions import decisions_about
from terrace.pipelines.approvals.declarations import declare
from terrace.pipelines.context import Context, ProveAuthor
from terrace.pipelines.deploy.gate_facts import openers_since
from terrace.pipelines.journal import append, preview
from terrace.stacks.model import Manual


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """The withdrawn rejections. `remaining` are those that still block, because other people must withdraw them too."""

    noes: tuple[Approval, ...]
    remaining: tuple[Approval, ...]


def withdraw(
    context: Context,
    environment: str,
    reason: str,
    *,
    of: str = "",
    at: datetime | None = None,
    vouch: ProveAuthor | None = None,
) -> Withdrawn:
    """Withdraws active rejections in an environment: the one with the id `of`, or all by the actor.

    Raises BadInput and records nothing where there is none, or where the withdrawal would be invalid.
    """
    context.config.environment(environment)
    history = context.ledger.read()
    people = People(context.config)
    every = active_rejections(context, history, environment)
    rejections = [rejection for rejection in every if _is_meant(people, rejection.no, context.actor, of)]
    if not rejections:
        listed = (
            ", ".join(f"{people.display_name(rejection.no.actor)} ({rejection.no.id})" for rejection in every)
            or "nobody"
        )
        raise BadInput(
            f"no active rejection matches in {environment}. Not recorded", hint=f"active rejections there: {listed}"
        )
    records = [_record(context, history, environment, rejection.no, reason, at, vouch) for rejection in rejections]

    def decide(current: History) -> tuple[Draft, ...]:
        before = {(w.of, w.declared.statement) for w in withdrawals(current, environment)}
        new = [record for record in records if (record.of, record.declaration.statement) not in before]
        fresh = [draft(record, environment, context.actor) for record in new]
        written = withdrawals(preview(current, fresh, context.clock()), environment)
        for withdrawal in written[len(written) - len(fresh) :] if fresh else ():
            declaration = withdrawal.declared.declaration
            proven = Withdrawal(declaration.actor, withdrawal.of, declaration.at, context.proof(withdrawal.declared))
            about = next(no for no in rejections if no.no.id == withdrawal.of)
            persons = group_persons(people, about.answers)
            why = why_withdrawal_invalid(people, persons, about.rule, about.barred, about.no, proven)
            if why is not None:
                raise BadInput(f"this withdrawal would be invalid: {why}. Not recorded", hint=_HINT)
        return tuple(fresh)

    after = append(context.ledger, history, decide)
    still = {rejection.no.id for rejection in active_rejections(context, after, environment)}
    noes = tuple(rejection.no for rejection in rejections)
    return Withdrawn(noes, tuple(no for no in noes if no.id in still))


_HINT = "the person who rejected withdraws it with their key: `terrace reject ENV --withdraw -m WHY --key FILE`"


def _is_meant(people: People, no: Approval, actor: str, of: str) -> bool:
    return no.id == of if of else people.person(no.actor) == people.person(actor)


def _record(
    context: Context,
    history: History,
    environment: str,
    no: Approval,
    reason: str,
    at: datetime | None,
    vouch: ProveAuthor | None,
) -> RejectionWithdrawn:
    # Never before the rejection itself, however the clocks differ.
    when = at or max(context.clock(), no.at)
    proven = declare(context, history, "withdraw", environment, no.id, reason, at=when, vouch=vouch)
    return RejectionWithdrawn(no.id, reason, proven)


@dataclass(frozen=True, slots=True)
class ActiveRejection:
    """A rejection that is not withdrawn, with what decides whether a withdrawal is valid."""

    no: Approval
    rule: ApprovalRule
    barred: IneligibleApprovers
    answers: Decisions


def active_rejections(context: Context, history: History, environment: str) -> tuple[ActiveRejection, ...]:
    """Returns every rejection in an environment that is not withdrawn, oldest first."""
    settings = context.config.environment(environment)
    people = People(context.config)
    rejected = {decision.id: decision for decision in folds.answers(history) if decision.answer == "reject"}
    good = folds.last_good(history, environment)
    origins = {deployment.id: deployment.origin for deployment in folds.deployments(history)}
    active: dict[str, ActiveRejection] = {}
    for no in rejected.values():
        commits = [subject.commit for subject in no.subjects if subject.environment == environment]
        if not commits:
            continue
        rule = approval_rule(settings, origins.get(no.deployment, Manual("")))
        base = good.commit if good is not None else None
        authors = context.repository.authors(base, commits[0])
        barred = IneligibleApprovers(people, "", authors, opened_by=openers_since(context, base, commits[0])[0])
        about = Question(no.deployment, environment, commits[0], no.subjects)
        decisions = decisions_about(history, about, "", context.proof)
        for valid in valid_rejections(people, rule, barred, about, decisions):
            active.setdefault(valid.id, ActiveRejection(valid, rule, barred, decisions))
    return tuple(active.values())
