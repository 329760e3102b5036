"""The rule for what releases a hold that a person placed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from terrace.gates.approvals.tally import CLOCK_SKEW
from terrace.ledger.declared import Declared, release
from terrace.ledger.events.people import EnvironmentUnheld

if TYPE_CHECKING:
    from terrace.ledger.event import Event
    from terrace.ledger.holds import Hold, Releases
    from terrace.ledger.model import History
    from terrace.pipelines.context import IdentifyAuthor


def releases(history: History, proof: IdentifyAuthor) -> Releases:
    """Returns the rule for what releases a hold: a declaration by a proven person about this hold, if it needs a
    signature.

    A signature covers the id of the hold, so an old release cannot be used for a later one. A comment on a forge names
    no id: it is valid once, and only when it was written after the hold was placed.
    """

    def counts(event: Event, unheld: EnvironmentUnheld, held: Hold) -> bool:
        if not held.signed:
            return True
        declared = release(history, event, unheld)
        if unheld.of != held.id:
            return False
        if declared.witness is not None:
            late = held.since - declared.declaration.at > CLOCK_SKEW
            if late or _said_before(history, event, declared):
                return False
        return proof(declared).proven

    return counts


def _said_before(history: History, event: Event, declared: Declared) -> bool:
    """Returns whether the same comment released another hold before: a comment is valid once."""
    return any(
        release(history, other, record).witness == declared.witness
        for other, record in history.of(EnvironmentUnheld)
        if other.position < event.position
    )
