"""Acknowledgement of drift by a person. It concerns the drift as it was detected, and ends with it."""

from __future__ import annotations

from msgspec import structs

from terrace.drift.acknowledgements import acknowledgement_of, acknowledgements
from terrace.drift.checks import newest
from terrace.drift.detection import only_paths
from terrace.drift.model import ResourceDrift
from terrace.drift.records import resources_of
from terrace.errors import BadInput
from terrace.gates.approvals.declaration import facts_of
from terrace.ledger import folds
from terrace.ledger.events.codec import encode
from terrace.ledger.model import Draft, History, draft
from terrace.pipelines.approvals.declarations import declare, is_proven
from terrace.pipelines.context import Context
from terrace.pipelines.journal import append, preview
from terrace.rollout.next_step import plans_awaiting_consent


def acknowledge(
    context: Context,
    environment: str,
    address: str,
    reason: str,
    stack: str | None = None,
    attributes: tuple[str, ...] = (),
) -> ResourceDrift:
    """Records that the actor acknowledges the drift at an address, with the reason; returns what was acknowledged.

    With `attributes` only these are acknowledged, each with everything in it. Drift that a pending deployment found is
    preferred to that of the newest check. Raises BadInput when there is no drift at the address, when it is in several
    stacks and none is named, or when keys are configured and none proves who acknowledges it.
    """
    context.config.environment(environment)
    history = context.ledger.read()
    drifted = _known_drift(history, environment)
    by_stack = {
        resource.stack: resource
        for resource in drifted
        if resource.address == address and stack in (None, resource.stack)
    }
    if not by_stack:
        addresses = ", ".join(sorted({resource.address for resource in drifted})) or "nothing"
        raise BadInput(f"no drift is known at {address} in {environment}", hint=f"drift was detected at: {addresses}")
    if len(by_stack) > 1:
        raise BadInput(f"{address} has drift in {', '.join(sorted(by_stack))}", hint="pass --stack STACK")
    (resource,) = by_stack.values()
    chosen = _select_attributes(resource, attributes)

    def decide(now: History) -> tuple[Draft, ...]:
        if resource not in _known_drift(now, environment):
            raise BadInput(
                "the drift changed in the meantime. Not recorded",
                hint=f"`terrace drift {environment}` shows the current drift",
            )
        record = acknowledgement_of(chosen, reason)
        proof = declare(context, now, "acknowledge", environment, address, reason, facts_of(encode(record)))
        acknowledged = draft(structs.replace(record, declaration=proof), environment, context.actor)
        newest_one = acknowledgements(preview(now, [acknowledged], context.clock()), environment)[-1]
        if not is_proven(context, newest_one.declared):
            raise BadInput(
                "there is no proof of who acknowledges it. Not recorded",
                hint="sign it: `git config gpg.format ssh` and `git config user.signingkey KEY.pub`",
            )
        return (acknowledged,)

    append(context.ledger, history, decide)
    return chosen


def _select_attributes(resource: ResourceDrift, attributes: tuple[str, ...]) -> ResourceDrift:
    """Returns the drift of these attributes alone; all of it where none is named."""
    if not attributes:
        return resource
    within = {name: [p for p in resource.paths if p == name or p.startswith(f"{name}.")] for name in attributes}
    unknown = [name for name, paths in within.items() if not paths]
    if unknown:
        attributes_with_drift = ", ".join(resource.paths) or "no attribute alone"
        raise BadInput(
            f"{', '.join(unknown)} of {resource.address} has no drift",
            hint=f"attributes with drift: {attributes_with_drift}",
        )
    chosen = {path for paths in within.values() for path in paths}
    return only_paths(resource, tuple(path for path in resource.paths if path in chosen))


def _known_drift(history: History, environment: str) -> tuple[ResourceDrift, ...]:
    """Returns the drift that the ledger knows, the newest last."""
    last = newest(history, environment)
    resources = list(last.resources) if last is not None else []
    current = folds.latest(history, environment)
    if current is not None and current.open:
        for record in plans_awaiting_consent(current):
            resources += resources_of(record.stack, record.detail.sightings or ())
    return tuple(resources)
