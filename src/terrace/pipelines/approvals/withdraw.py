"""A no is taken back: by the person who said it, or by two others where that person cannot."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from terrace.errors import BadInput
from terrace.gates.approvals.people import People
from terrace.gates.approvals.tally import persons_of, void_withdrawal
from terrace.gates.model import Approval, Withdrawal
from terrace.ledger.declared import withdrawals
from terrace.ledger.events.people import RejectionWithdrawn
from terrace.ledger.model import Draft, History, draft
from terrace.pipelines.approvals.declaring import declare
from terrace.pipelines.crew import Crew, Vouch
from terrace.pipelines.deploy.asking import standing_noes
from terrace.pipelines.journal import append, preview


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """The noes that are taken back. `standing` are those of them that stand still: other people must agree."""

    noes: tuple[Approval, ...]
    standing: tuple[Approval, ...]


def withdraw(
    crew: Crew,
    environment: str,
    reason: str,
    *,
    of: str = "",
    at: datetime | None = None,
    vouch: Vouch | None = None,
) -> Withdrawn:
    """Write that noes are taken back which stand in an environment: the one with the id `of`, or all of the crew's
    actor.

    Raises BadInput, and writes nothing, where there is none, or where it would not count.
    """
    crew.config.environment(environment)
    history = crew.ledger.read()
    people = People(crew.config)
    every = standing_noes(crew, history, environment)
    mine = [one for one in every if _meant(people, one.no, crew.actor, of)]
    if not mine:
        told = ", ".join(f"{people.shown(one.no.actor)} ({one.no.id})" for one in every) or "nobody"
        raise BadInput(
            f"there is no such no in {environment} that stands; nothing was written", hint=f"who said no there: {told}"
        )
    records = [_record(crew, history, environment, one.no, reason, at, vouch) for one in mine]

    def decide(seen: History) -> tuple[Draft, ...]:
        before = {(w.of, w.declared.statement) for w in withdrawals(seen, environment)}
        new = [one for one in records if (one.of, one.declaration.statement) not in before]
        fresh = [draft(one, environment, crew.actor) for one in new]
        written = withdrawals(preview(seen, fresh, crew.clock()), environment)
        for one in written[len(written) - len(fresh) :] if fresh else ():
            said = one.declared.declaration
            proven = Withdrawal(said.actor, one.of, said.at, crew.proof(one.declared))
            about = next(no for no in mine if no.no.id == one.of)
            persons = persons_of(people, about.answers)
            why = void_withdrawal(people, persons, about.rule, about.barred, about.no, proven)
            if why is not None:
                raise BadInput(f"that would not count: {why}; nothing was written", hint=_HINT)
        return tuple(fresh)

    after = append(crew.ledger, history, decide)
    still = {one.no.id for one in standing_noes(crew, after, environment)}
    noes = tuple(one.no for one in mine)
    return Withdrawn(noes, tuple(no for no in noes if no.id in still))


_HINT = "the person who said no withdraws it, with their key: `terrace reject ENV --withdraw -m WHY --key FILE`"


def _meant(people: People, no: Approval, actor: str, of: str) -> bool:
    return no.id == of if of else people.person(no.actor) == people.person(actor)


def _record(
    crew: Crew, history: History, environment: str, no: Approval, reason: str, at: datetime | None, vouch: Vouch | None
) -> RejectionWithdrawn:
    # Never before the no itself, however the clocks differ.
    when = at or max(crew.clock(), no.at)
    proven = declare(crew, history, "withdraw", environment, no.id, reason, at=when, vouch=vouch)
    return RejectionWithdrawn(no.id, reason, proven)
