"""Proofs of authorship in events."""

from __future__ import annotations

from dataclasses import asdict
from typing import ClassVar, Literal, Self

from msgspec import structs

from terrace.gates.model import Witness
from terrace.ledger.events.grammar import ForgeId, Login, Moment, Text, is_plausible
from terrace.ledger.events.record import Part


class WitnessRecord(Part, frozen=True):
    """The place of a statement on a forge."""

    kind: Literal["comment", "review", "environment", "box"]
    id: ForgeId
    number: ForgeId
    login: Login

    @classmethod
    def of(cls, witness: Witness) -> Self:
        """Returns the record of a forge's evidence."""
        return cls(**asdict(witness))

    def witness(self) -> Witness:
        """Returns the forge evidence of this record."""
        return Witness(**structs.asdict(self))


class DeclarationRecord(Part, frozen=True):
    """The proof of a declaration's author: `signature` signs `statement`, or a forge confirms it (`witness`)."""

    OMITTED: ClassVar[frozenset[str]] = frozenset({"witness"})

    at: Moment
    statement: Text
    signature: Text | None = None
    witness: WitnessRecord | None = None

    def __post_init__(self) -> None:
        if not is_plausible(self.at):
            raise ValueError("an impossible time - at `$.declaration.at`")
