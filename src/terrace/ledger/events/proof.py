"""What proves who said something, as it stands in events."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from terrace.ledger.events.grammar import ForgeId, Login, Moment, Text, is_plausible


class WitnessRecord(Struct, frozen=True):
    """Where on a forge something was said."""

    kind: Literal["comment", "review", "environment", "box"]
    id: ForgeId
    number: ForgeId
    login: Login


class DeclarationRecord(Struct, frozen=True):
    """What proves who declared something: `signature` signs `statement`, or a witness stands in for it."""

    at: Moment
    statement: Text
    signature: Text | None = None
    witness: WitnessRecord | None = None

    def __post_init__(self) -> None:
        if not is_plausible(self.at):
            raise ValueError("a time that cannot be - at `$.declaration.at`")
