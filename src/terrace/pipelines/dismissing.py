"""A person says of an event that cannot be read that it counts as absent."""

from __future__ import annotations

from collections.abc import Callable

from terrace.errors import BadInput
from terrace.ledger.dismissals import Counts, Dismissal, unread
from terrace.ledger.events.people import EventDismissed
from terrace.ledger.model import Draft, History, Ledger, draft
from terrace.ledger.reading import Fault
from terrace.pipelines.journal import append


def dismiss(
    ledger: Ledger, position: int, actor: str, reason: str, sign: Callable[[bytes], str | None], counts: Counts
) -> Fault:
    """Write it down, and return what was dismissed.

    Raises BadInput where that event can be read or is dismissed already, and where the answer would not count.
    """
    if not reason.strip():
        raise BadInput("nothing says what was found", hint="say it with --reason: it is kept in the ledger")
    history = ledger.read()
    fault = _fault(history, position, counts)
    said = Dismissal(history.ledger_id, position, fault.event.hash, reason, actor)
    signature = sign(said.text)
    signed = Dismissal(said.ledger, position, said.hash, reason, actor, signature)
    if not counts(signed):
        raise BadInput(
            f"{actor} is not a signer of the trust root, or the answer is not signed: nothing was written",
            hint="sign with a key of .terrace/allowed_signers: --key FILE",
        )
    record = EventDismissed(position, said.hash, reason, said.text.decode("ascii"), signature)

    def decide(seen: History) -> tuple[Draft, ...]:
        _fault(seen, position, counts)
        return (draft(record, "ledger", actor),)

    append(ledger, history, decide)
    return fault


def _fault(history: History, position: int, counts: Counts) -> Fault:
    found = next((one for one in unread(history, counts) if one.event.position == position), None)
    if found is None:
        raise BadInput(
            f"event {position} of the ledger holds nothing: there is none, it can be read, or it is dismissed",
            hint="`terrace ledger verify` lists what cannot be read",
        )
    return found
