"""Somebody answers for a difference by name. The answer is about what was seen, and ends with it."""

from __future__ import annotations

from msgspec import structs

from terrace.drift.acknowledgements import acknowledgement_of, acknowledgements
from terrace.drift.checks import newest
from terrace.drift.model import Sighting
from terrace.drift.records import sightings_of
from terrace.drift.sightings import narrowed
from terrace.errors import BadInput
from terrace.gates.approvals.declaration import facts_of
from terrace.ledger import folds
from terrace.ledger.events.codec import encode
from terrace.ledger.model import Draft, History, draft
from terrace.pipelines.approvals.declarations import declare, is_proven
from terrace.pipelines.context import Context
from terrace.pipelines.journal import append, preview
from terrace.rollout.next_step import awaiting


def acknowledge(
    context: Context,
    environment: str,
    address: str,
    reason: str,
    stack: str | None = None,
    attributes: tuple[str, ...] = (),
) -> Sighting:
    """Record that somebody knows of the difference at an address, and why it is so; returns what was acknowledged.

    With `attributes` only these are acknowledged, each with what lies in it. What a waiting deployment saw comes before
    what the newest check saw. Raises BadInput when nothing differs there, when it differs in several stacks and none is
    named, or when keys are known and none proves who it is.
    """
    context.config.environment(environment)
    history = context.ledger.read()
    seen = _seen(history, environment)
    found = {one.stack: one for one in seen if one.address == address and stack in (None, one.stack)}
    if not found:
        known = ", ".join(sorted({one.address for one in seen})) or "nothing"
        raise BadInput(f"{address} is not known to differ in {environment}", hint=f"what was seen there: {known}")
    if len(found) > 1:
        raise BadInput(f"{address} differs in {', '.join(sorted(found))}", hint="say which: --stack STACK")
    (sighting,) = found.values()
    chosen = _chosen(sighting, attributes)

    def decide(now: History) -> tuple[Draft, ...]:
        if sighting not in _seen(now, environment):
            raise BadInput("what differs changed while you answered; nothing was written", hint="look at it again")
        record = acknowledgement_of(chosen, reason)
        proof = declare(context, now, "acknowledge", environment, address, reason, facts_of(encode(record)))
        acknowledged = draft(structs.replace(record, declaration=proof), environment, context.actor)
        newest_one = acknowledgements(preview(now, [acknowledged], context.clock()), environment)[-1]
        if not is_proven(context, newest_one.declared):
            raise BadInput(
                "nothing proves who acknowledges it; nothing was written",
                hint="sign it: `git config gpg.format ssh` and `git config user.signingkey KEY.pub`",
            )
        return (acknowledged,)

    append(context.ledger, history, decide)
    return chosen


def _chosen(sighting: Sighting, attributes: tuple[str, ...]) -> Sighting:
    """The sighting of these attributes alone; the whole where none is named."""
    if not attributes:
        return sighting
    within = {name: [p for p in sighting.paths if p == name or p.startswith(f"{name}.")] for name in attributes}
    unknown = [name for name, paths in within.items() if not paths]
    if unknown:
        known = ", ".join(sighting.paths) or "no attribute alone"
        raise BadInput(f"{', '.join(unknown)} of {sighting.address} does not differ", hint=f"what differs: {known}")
    chosen = {path for paths in within.values() for path in paths}
    return narrowed(sighting, tuple(path for path in sighting.paths if path in chosen))


def _seen(history: History, environment: str) -> tuple[Sighting, ...]:
    """What differs as far as the ledger knows, the newest word last."""
    last = newest(history, environment)
    seen = list(last.sightings) if last is not None else []
    current = folds.latest(history, environment)
    if current is not None and current.open:
        for record in awaiting(current):
            seen += sightings_of(record.stack, record.detail.sightings or ())
    return tuple(seen)
