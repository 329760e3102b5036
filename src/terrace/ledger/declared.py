"""Declarations of people in events: the declaration, the person, and the proof."""

from __future__ import annotations

from dataclasses import dataclass

from terrace.gates.approvals.declaration import Act, Declaration, declaration_bytes, facts_of
from terrace.gates.model import Witness
from terrace.ledger.event import Event
from terrace.ledger.events.deployments import DeploymentOpened
from terrace.ledger.events.people import EnvironmentUnheld, RejectionWithdrawn
from terrace.ledger.events.proof import DeclarationRecord, WitnessRecord
from terrace.ledger.folds import opening
from terrace.ledger.model import History

KEY = "declaration"
"""The place of the declaration in an event; events of earlier versions have none."""


@dataclass(frozen=True, slots=True)
class Declared:
    """A recorded declaration. Its signature or forge evidence is verified again each time."""

    declaration: Declaration
    statement: str = ""
    signature: str | None = None
    witness: Witness | None = None


def declaration_record(declaration: Declaration, vouched: str | Witness | None) -> DeclarationRecord:
    """Returns the record of a declaration, with the signature or the forge's confirmation as its proof."""
    return DeclarationRecord(
        at=declaration.at,
        statement=declaration_bytes(declaration).decode("ascii"),
        signature=vouched if isinstance(vouched, str) else None,
        witness=WitnessRecord.of(vouched) if isinstance(vouched, Witness) else None,
    )


def facts_in(event: Event) -> str:
    """Returns the hash of everything that an event says besides its declaration, as `facts_of` makes it."""
    return facts_of({name: value for name, value in event.payload.items() if name != KEY})


def declaration_of(
    history: History,
    event: Event,
    record: DeclarationRecord | None,
    act: Act,
    environment: str,
    about: str,
    reason: str,
    facts: str = "",
) -> Declared:
    """Returns the declaration of an event, by the content of the event and not by the signed text.

    `record` is the record of the declaration, None in events of earlier versions.
    """
    at = record.at if record is not None else event.time
    declaration = Declaration(act, history.ledger_id, environment, about, facts, event.actor, at, reason)
    if record is None:
        return Declared(declaration)
    witness = record.witness.witness() if record.witness is not None else None
    return Declared(declaration, record.statement, record.signature, witness)


@dataclass(frozen=True, slots=True)
class WithdrawnRejection:
    """The withdrawal of the rejection with the id `of`. `position` is its first position in the ledger."""

    of: str
    declared: Declared
    position: int


def withdrawals(history: History, environment: str) -> tuple[WithdrawnRejection, ...]:
    """Returns every withdrawal of a no in an environment, oldest first."""
    declared_withdrawals, first = [], dict[tuple[str, str, str | None, Witness | None], int]()
    for event, record in history.of(RejectionWithdrawn):
        if event.subject == environment:
            of = record.of
            statement = declaration_of(history, event, record.declaration, "withdraw", environment, of, record.reason)
            place = first.setdefault((of, statement.statement, statement.signature, statement.witness), event.position)
            declared_withdrawals.append(WithdrawnRejection(of, statement, place))
    return tuple(declared_withdrawals)


def release(history: History, event: Event, unheld: EnvironmentUnheld) -> Declared:
    """Returns the declaration of the person who released a hold."""
    environment, of = event.subject, unheld.of
    return declaration_of(history, event, unheld.declaration, "unhold", environment, of, unheld.reason)


@dataclass(frozen=True, slots=True)
class Opened:
    """The opening of a deployment: the requester's declaration, and the CI run that opened it, if any."""

    declared: Declared
    run: str


def opening_of(history: History, deployment: str) -> Opened | None:
    """Returns how a deployment was opened; None where there is no such deployment."""
    event = opening(history, deployment)
    if event is None or not isinstance(event.record, DeploymentOpened):
        return None
    record, declaration = event.record, event.record.declaration
    facts = facts_in(event) if declaration is not None else ""
    statement = declaration_of(history, event, declaration, "open", record.environment, deployment, "", facts)
    return Opened(statement, record.run)
