"""A new ledger after deployments were made: a person signs which ledgers it replaces."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from terrace.ledger.event import Event
from terrace.ledger.events.people import LedgerOpened
from terrace.ledger.signed_text import signed_text

HEAD = "Terrace: a ledger is begun anew, version 1"
"""The first line of the signed text, so that no other signed text can be used."""


@dataclass(frozen=True, slots=True)
class LedgerReplacement:
    """A person's statement at the start of a new ledger.

    `replaces` are the ids of the ledgers that tags of deployments recorded at that time. `signature` covers `text`.
    """

    replaces: tuple[str, ...]
    reason: str
    actor: str
    signature: str | None = None

    @property
    def text(self) -> bytes:
        """Returns the text to sign. No two replacements give the same text."""
        values = {"replaces": self.replaces, "reason": self.reason, "actor": self.actor}
        return signed_text(HEAD, values)


Proves = Callable[[LedgerReplacement], bool]
"""Says whether a replacement is by a signer of the trust root, where the trust root has signers."""


def replacement_of(first: Event) -> LedgerReplacement | None:
    """What was said in the first event of a ledger; None if it does not replace another ledger."""
    record = first.record
    if not isinstance(record, LedgerOpened) or not record.began_anew:
        return None
    return LedgerReplacement(record.replaces, record.began_anew, first.actor, record.signature)
