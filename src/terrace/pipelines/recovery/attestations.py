"""Death that no machine can prove: people say by name that whoever drove a deployment, or its apply, is dead."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from terrace.config.model import Environment
from terrace.errors import BadInput
from terrace.gates.approvals.declaration import facts_of
from terrace.gates.approvals.people import People, Persons
from terrace.ledger.declared import declared
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
    """Write down that somebody declares dead whatever was begun of a deployment last; once a person.

    Raises BadInput, and writes nothing, where keys are known and none proves who says so.
    """

    def decide(seen: History) -> tuple[Draft, ...]:
        begun = _last(seen, deployment)
        if begun is None:
            return ()
        said = _persons(context, seen, deployment, begun.position)
        proof = declare(context, seen, "dead", deployment.environment, begun.id, why)
        attested = draft(RecoveryAttested(why, begun.id, proof), deployment.id, context.actor)
        with_it = _persons(context, preview(seen, [attested], context.clock()), deployment, begun.position)
        if len(with_it) == len(said):
            raise BadInput(
                "nothing proves who says that it is dead; nothing was written",
                hint="sign it: `git config gpg.format ssh` and `git config user.signingkey KEY.pub`",
            )
        return (attested,) if len(_counted(context, with_it)) > len(_counted(context, said)) else ()

    return append(context.ledger, history, decide)


def needed(environment: Environment) -> int:
    """How many people must say so: two where people are asked, or where nothing may ever be destroyed."""
    return 2 if environment.protected or environment.approvals.asked else 1


def say_that_it_is_dead(
    context: Context, history: History, deployment: Deployment, record: StepRecord
) -> tuple[str, ...]:
    """The people who said so of an apply after it was begun, each once."""
    begun = (event for event, one in history.of(StepBegun) if one.attempt == record.attempt)
    return _counted(context, _persons(context, history, deployment, next(begun).position))


def say_that_its_driver_is_dead(context: Context, history: History, deployment: Deployment) -> tuple[str, ...]:
    """The people who said so since its present driver took it up, each once."""
    return _counted(context, _persons(context, history, deployment, _taken(history, deployment)))


def in_good_faith(context: Context) -> str:
    """What to say of people whom nothing proves; "" where their keys do."""
    return "" if context.signers else " (known by their Git names alone)"


def answers(context: Context) -> Answers:
    """Tells whose answers about an unknown outcome count: each person once, where keys are known only who is proven."""

    def counted(history: History, deployment: str) -> tuple[Settlement, ...]:
        found: list[tuple[Settlement, tuple[str, str]]] = []
        for event, record in history.of(RecoverySettled):
            if event.subject != deployment:
                continue
            environment, facts = record.stack.partition("/")[0], facts_of(settled_facts(record))
            told = record.declaration
            said = declared(history, event, told, "settle", environment, record.attempt, record.reason, facts)
            identity = context.proof(said)
            if identity.proven or not context.signers:
                one = Settlement(deployment, record.stack, record.attempt, event.actor, record.reason, record.addresses)
                found.append((one, (event.actor, identity.by if identity.proven else "")))
        persons = Persons(People(context.config), tuple(name for _, name in found))
        return tuple(replace(one, by=persons.of(name[0])) for one, name in found)

    return counted


def settled_facts(record: RecoverySettled) -> dict[str, object]:
    """What an answer about an unknown outcome says besides who gave it: the signature covers it."""
    return {"stack": record.stack, "attempt": record.attempt, "addresses": list(record.addresses)}


def driven(context: Context, history: History, deployment: Deployment) -> bool:
    """Whether somebody may still drive it: their death is neither proven by this machine nor witnessed by enough."""
    if deployment.lease is None or context.leases.dead(deployment.lease.holder, deployment.environment):
        return False
    said = say_that_its_driver_is_dead(context, history, deployment)
    return len(said) < needed(context.config.environment(deployment.environment))


def _taken(history: History, deployment: Deployment) -> int:
    taken = (event.position for event, _ in history.of(LeaseTaken) if event.subject == deployment.id)
    return max(taken, default=-1)


def _last(history: History, deployment: Deployment) -> Event | None:
    """What was begun last that may have to be declared dead."""
    begun = (
        event
        for event, record in reversed(history.of(LeaseTaken, StepBegun))
        if event.subject == deployment.id and (not isinstance(record, StepBegun) or record.step == "apply")
    )
    return next(begun, None)


def _persons(context: Context, history: History, deployment: Deployment, since: int) -> tuple[tuple[str, str], ...]:
    """The names that said so of what was begun at `since` or later, each with what proves it.

    A declaration names what it is about, so that a copy of an old one says nothing of what was begun since. Where keys
    are known, only what one of them proves counts.
    """
    said = [(event, record) for event, record in history.of(RecoveryAttested) if event.subject == deployment.id]
    places = {event.id: event.position for event in history.readable} if said else {}
    found = []
    for event, record in said:
        of = record.begun
        about = places.get(of, -1) if of else event.position
        if not since <= about <= event.position or event.position <= since:
            continue
        word = declared(history, event, record.declaration, "dead", deployment.environment, of, record.reason)
        identity = context.proof(word)
        if identity.proven or not context.signers:
            found.append((event.actor, identity.by if identity.proven else ""))
    return tuple(found)


def _counted(context: Context, said: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """One name for each person of these."""
    people, every = People(context.config), tuple(said)
    persons = Persons(people, every)
    names = {persons.of(name): people.shown(name) for name, _ in reversed(every)}
    return tuple(reversed(names.values()))
