"""The hold of an environment, and the rule for what releases a hold that a person placed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from terrace.gates.approvals.tally import CLOCK_SKEW
from terrace.ledger import holds
from terrace.ledger.declared import Declared, release
from terrace.ledger.dismissals import Counts, describe_faults, find_unread
from terrace.ledger.events.people import EnvironmentUnheld
from terrace.ledger.holds import Hold

if TYPE_CHECKING:
    from terrace.ledger.event import Event
    from terrace.ledger.holds import Releases
    from terrace.ledger.model import History
    from terrace.pipelines.context import IdentifyAuthor


def current_hold(history: History, environment: str, dismissed: Counts, proof: IdentifyAuthor) -> Hold | None:
    """Returns the hold of an environment. Invalid events come first, because no other hold ends them."""
    faults = tuple(fault for fault in find_unread(history, dismissed) if fault.holds(environment))
    if faults:
        return Hold(describe_faults(faults), faults[0].event.actor, faults[0].event.time)
    return holds.hold(history, environment, releases(history, proof))


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
