"""Declarations by name that a process has terminated, where no machine can prove that.

They concern the process that runs a deployment, or an apply of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from terrace.config.model import Environment
from terrace.errors import BadInput
from terrace.gates.approvals.declaration import facts_of
from terrace.gates.approvals.people import People, PersonGroups
from terrace.ledger.declared import declaration_of
from terrace.ledger.deployment import Deployment, StepRecord
from terrace.ledger.event import Event
from terrace.ledger.events.deployments import LeaseTaken, RecoveryAttested, RecoverySettled
from terrace.ledger.events.steps import StepBegun
from terrace.ledger.folds import Answers, Settlement
from terrace.ledger.model import Draft, History, draft
from terrace.pipelines.approvals.declarations import declare
from terrace.pipelines.context import Context
from terrace.pipelines.journal import append, preview


def attest(context: Context, history: History, deployment: Deployment, why: str) -> History:
    """Records the actor's declaration that the last started process of a deployment has terminated; once per person.

    Raises BadInput and records nothing where keys are configured and none proves who declares it.
    """

    def decide(current: History) -> tuple[Draft, ...]:
        begun = _last(current, deployment)
        if begun is None:
            return ()
        names_before = _persons(context, current, deployment, begun.position)
        proof = declare(context, current, "dead", deployment.environment, begun.id, why)
        attested = draft(RecoveryAttested(why, begun.id, proof), deployment.id, context.actor)
        with_it = _persons(context, preview(current, [attested], context.clock()), deployment, begun.position)
        if len(with_it) == len(names_before):
            raise BadInput(
                "there is no proof of who declares that the process has terminated. Not recorded",
                hint="sign it: `git config gpg.format ssh` and `git config user.signingkey KEY.pub`",
            )
        return (attested,) if len(_count_persons(context, with_it)) > len(_count_persons(context, names_before)) else ()

    return append(context.ledger, history, decide)


def required_people(environment: Environment) -> int:
    """Returns how many people must declare it: two where approvals are required or nothing may ever be destroyed."""
    return 2 if environment.protected or environment.approvals.requires_any else 1


def apply_attestations(
    context: Context, history: History, deployment: Deployment, record: StepRecord
) -> tuple[str, ...]:
    """Returns the people who declared it about an apply after it started, each once."""
    begun = (event for event, begun_step in history.of(StepBegun) if begun_step.attempt == record.attempt)
    return _count_persons(context, _persons(context, history, deployment, next(begun).position))


def process_attestations(context: Context, history: History, deployment: Deployment) -> tuple[str, ...]:
    """Returns the people who declared it since the current process took the lease, each once."""
    return _count_persons(context, _persons(context, history, deployment, _last_takeover(history, deployment)))


def unproven_note(context: Context) -> str:
    """Returns a note about people without proof of identity; "" where their keys prove it."""
    return "" if context.signers else " (identified only by their Git names)"


def answers(context: Context) -> Answers:
    """Returns the rule for whose acceptance of an unknown outcome is valid: each person once, proven where keys are
    known."""

    def count_answers(history: History, deployment: str) -> tuple[Settlement, ...]:
        settlements: list[tuple[Settlement, tuple[str, str]]] = []
        for event, record in history.of(RecoverySettled):
            if event.subject != deployment:
                continue
            environment, facts = record.stack.partition("/")[0], facts_of(settled_facts(record))
            declaration = record.declaration
            statement = declaration_of(
                history, event, declaration, "settle", environment, record.attempt, record.reason, facts
            )
            identity = context.proof(statement)
            if identity.proven or not context.signers:
                settlement = Settlement(
                    deployment, record.stack, record.attempt, event.actor, record.reason, record.addresses
                )
                settlements.append((settlement, (event.actor, identity.by if identity.proven else "")))
        persons = PersonGroups(People(context.config), tuple(name for _, name in settlements))
        return tuple(replace(settlement, by=persons.of(name[0])) for settlement, name in settlements)

    return count_answers


def settled_facts(record: RecoverySettled) -> dict[str, object]:
    """Returns what an acceptance of an unknown outcome contains besides its author: the signature covers it."""
    return {"stack": record.stack, "attempt": record.attempt, "addresses": list(record.addresses)}


def may_still_run(context: Context, history: History, deployment: Deployment) -> bool:
    """Returns whether the process may still run: neither this machine nor enough people confirm that it terminated."""
    if deployment.lease is None or context.leases.is_dead(deployment.lease.holder, deployment.environment):
        return False
    persons_who_attested = process_attestations(context, history, deployment)
    return len(persons_who_attested) < required_people(context.config.environment(deployment.environment))


def _last_takeover(history: History, deployment: Deployment) -> int:
    taken = (event.position for event, _ in history.of(LeaseTaken) if event.subject == deployment.id)
    return max(taken, default=-1)


def _last(history: History, deployment: Deployment) -> Event | None:
    """Returns what was started last and may have to be declared terminated."""
    begun = (
        event
        for event, record in reversed(history.of(LeaseTaken, StepBegun))
        if event.subject == deployment.id and (not isinstance(record, StepBegun) or record.step == "apply")
    )
    return next(begun, None)


def _persons(context: Context, history: History, deployment: Deployment, since: int) -> tuple[tuple[str, str], ...]:
    """Returns the names that declared it about what was started at `since` or later, each with the proof.

    A declaration names what it is about, so that an old one cannot be used for what was started since. Where keys are
    configured, only declarations proven by one of them are valid.
    """
    attested = [(event, record) for event, record in history.of(RecoveryAttested) if event.subject == deployment.id]
    places = {event.id: event.position for event in history.readable} if attested else {}
    persons = []
    for event, record in attested:
        of = record.begun
        about = places.get(of, -1) if of else event.position
        if not since <= about <= event.position or event.position <= since:
            continue
        word = declaration_of(history, event, record.declaration, "dead", deployment.environment, of, record.reason)
        identity = context.proof(word)
        if identity.proven or not context.signers:
            persons.append((event.actor, identity.by if identity.proven else ""))
    return tuple(persons)


def _count_persons(context: Context, actors: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """Returns one name for each person among these."""
    people, every = People(context.config), tuple(actors)
    persons = PersonGroups(people, every)
    names = {persons.of(name): people.display_name(name) for name, _ in reversed(every)}
    return tuple(reversed(names.values()))
