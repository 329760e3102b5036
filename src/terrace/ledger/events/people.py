"""Records of what people said: answers to plans, commands in comments, holds, and a look at what cannot be read."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, ClassVar, Literal, Self

from msgspec import UNSET, Meta, UnsetType, structs

from terrace.gates.model import Subject
from terrace.ledger import kinds
from terrace.ledger.events.grammar import (
    Commit,
    EnvironmentName,
    Id,
    IdOrNone,
    Line,
    Lineage,
    Moment,
    StackKey,
    Text,
    Word,
    is_plausible,
)
from terrace.ledger.events.proof import DeclarationRecord, WitnessRecord
from terrace.ledger.events.record import About, Part, Record


class SubjectRecord(Part, frozen=True):
    """One plan that an answer binds to."""

    ledger: IdOrNone
    environment: EnvironmentName
    stack: StackKey
    commit: Commit
    digest: Word
    policy: Word
    lineage: Lineage

    @classmethod
    def of(cls, subject: Subject) -> Self:
        """Returns the record of a subject."""
        return cls(**asdict(subject))

    def subject(self) -> Subject:
        """Returns the subject of this record."""
        return Subject(**structs.asdict(self))


class ApprovalGiven(Record, frozen=True):
    """A person approved or rejected plans. `signature` signs `statement`, or a forge confirms it (`witness`).

    `deployment` is the one that the statement names, "" in statements of earlier versions.
    """

    KIND: ClassVar[str] = kinds.APPROVAL_GIVEN
    ABOUT: ClassVar[About] = "deployment"
    OMITTED: ClassVar[frozenset[str]] = frozenset({"witness"})

    actor: Line
    role: Line
    answer: Literal["approve", "reject"]
    subjects: tuple[SubjectRecord, ...]
    at: Moment
    statement: Text
    comment: Text = ""
    signature: Text | None = None
    witness: WitnessRecord | None = None
    deployment: IdOrNone = ""

    def __post_init__(self) -> None:
        if not is_plausible(self.at):
            raise ValueError("an impossible time - at `$.at`")


class RejectionWithdrawn(Record, frozen=True):
    """A person withdrew the rejection `of`, a hash of its text."""

    KIND: ClassVar[str] = kinds.REJECTION_WITHDRAWN
    ABOUT: ClassVar[About] = "environment"

    of: Annotated[str, Meta(pattern=r"\A[0-9a-f]{32}\Z")]
    reason: Text
    declaration: DeclarationRecord


class CommandTaken(Record, frozen=True):
    """A command in a comment is executed, and never twice."""

    KIND: ClassVar[str] = kinds.COMMAND_TAKEN
    ABOUT: ClassVar[About] = "comment"

    command: Line


class EnvironmentHeld(Record, frozen=True):
    """An environment is put on hold. `deployment` is the deployment or restore that caused it, "" for a person.

    `signed` is whether only a person whom a key or the forge proves can release it; `declaration` proves its author.
    """

    KIND: ClassVar[str] = kinds.ENVIRONMENT_HELD
    ABOUT: ClassVar[About] = "environment"
    OMITTED: ClassVar[frozenset[str]] = frozenset({"deployment", "declaration"})

    reason: Text = ""
    deployment: IdOrNone = ""
    signed: bool | UnsetType = UNSET
    declaration: DeclarationRecord | None = None


class EnvironmentUnheld(Record, frozen=True):
    """The hold of an environment is released; with `deployment`, only the hold that it caused.

    `of` is the id of the hold that a person releases; `declaration` proves the person.
    """

    KIND: ClassVar[str] = kinds.ENVIRONMENT_UNHELD
    ABOUT: ClassVar[About] = "environment"
    OMITTED: ClassVar[frozenset[str]] = frozenset({"deployment", "of", "declaration"})

    reason: Text = ""
    deployment: IdOrNone = ""
    of: IdOrNone = ""
    declaration: DeclarationRecord | None = None


class LedgerOpened(Record, frozen=True):
    """The first event, which names the ledger. `digest_key` names the key of its plan digests.

    `began_anew` says why it was begun although deployments were made before; "" where there were none. `replaces` are
    the ids of the ledgers that tags told of then, and `signature` signs both (`ledger/replacement.py`).
    """

    KIND: ClassVar[str] = kinds.LEDGER_OPENED
    ABOUT: ClassVar[About] = "ledger"

    version: Annotated[int, Meta(ge=1, le=1)] = 1
    digest_key: Word = ""
    began_anew: Text = ""
    replaces: tuple[Id, ...] = ()
    signature: Text | None = None


class LedgerRekeyed(Record, frozen=True):
    """Later events are authenticated with another key, the one that authenticates this event.

    Earlier events are valid, except those at the positions `absent`, which were not authentic under the previous key.
    `before` names that key, "" when it was unavailable or there was none.
    """

    KIND: ClassVar[str] = kinds.LEDGER_REKEYED
    ABOUT: ClassVar[About] = "ledger"

    reason: Annotated[str, Meta(min_length=1, max_length=1 << 16)]
    before: Word = ""
    absent: tuple[Annotated[int, Meta(ge=0, le=1 << 53)], ...] = ()


class EventDismissed(Record, frozen=True):
    """A person checked an invalid event and dismissed it: it is ignored.

    `position` and `hash` name the event; `signature` signs `statement` by a signer of the trust root.
    """

    KIND: ClassVar[str] = kinds.EVENT_DISMISSED
    ABOUT: ClassVar[About] = "ledger"

    position: Annotated[int, Meta(ge=0, le=1 << 53)]
    hash: Annotated[str, Meta(pattern=r"\A[0-9a-f]{64}\Z")]
    reason: Annotated[str, Meta(min_length=1, max_length=1 << 16)]
    statement: Text = ""
    signature: Text | None = None


Position = Annotated[int, Meta(ge=0, le=1 << 53)]
"""The place of an event in the chain."""


class EventsDismissed(Record, frozen=True):
    """A person checked several invalid events and dismissed them: they are ignored.

    `spans` are the first and the last position of each range of them, in order; `hash` is the hash of the last event,
    which covers all earlier ones. `signature` signs `statement` by a signer of the trust root.
    """

    KIND: ClassVar[str] = kinds.EVENTS_DISMISSED
    ABOUT: ClassVar[About] = "ledger"

    spans: Annotated[tuple[tuple[Position, Position], ...], Meta(min_length=1)]
    hash: Annotated[str, Meta(pattern=r"\A[0-9a-f]{64}\Z")]
    reason: Annotated[str, Meta(min_length=1, max_length=1 << 16)]
    statement: Text = ""
    signature: Text | None = None

    def __post_init__(self) -> None:
        before = -1
        for first, last in self.spans:
            if not before < first <= last:
                raise ValueError("runs of positions that are not in order - at `$.spans`")
            before = last


class DatesDismissed(Record, frozen=True):
    """A person checked events with a date in the future and dismissed their dates: the dates are ignored.

    They are the events from `position` to `last`; `hash` is the hash of the last one, which covers all earlier ones.
    `signature` signs `statement` by a signer of the trust root.
    """

    KIND: ClassVar[str] = kinds.DATES_DISMISSED
    ABOUT: ClassVar[About] = "ledger"

    position: Annotated[int, Meta(ge=0, le=1 << 53)]
    last: Annotated[int, Meta(ge=0, le=1 << 53)]
    hash: Annotated[str, Meta(pattern=r"\A[0-9a-f]{64}\Z")]
    reason: Annotated[str, Meta(min_length=1, max_length=1 << 16)]
    statement: Text = ""
    signature: Text | None = None
