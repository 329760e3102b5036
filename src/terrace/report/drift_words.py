"""Sentences about drift that every renderer uses."""

from __future__ import annotations

import json
from collections.abc import Iterable

from terrace.drift.acknowledgements import answered, answers
from terrace.drift.adopted_drift import Absorption
from terrace.drift.model import Observation, Quadrant, Sighting
from terrace.drift.review import Review
from terrace.plans.model import MASKED, UNKNOWN, Value
from terrace.text import clipped, visible
from terrace.words import plural

LONGEST = 120
"""Characters of one value that are shown."""


def remedy(environment: str, sighting: Sighting, commit: str) -> str:
    """Returns how to resolve the drift of a resource, in a sentence. `commit` is the deployed one."""
    deploy = f"`terrace deploy {environment} --ref {commit[:7]}`"
    acknowledge = f"`terrace drift ack {environment} ADDRESS --reason WHY`"
    by_hand = f"change it back by hand, write it into the configuration, or acknowledge it: {acknowledge}"
    managed, unmanaged = _managed(sighting), ", ".join(sighting.kept)
    match sighting.quadrant:
        case Quadrant.ACTIONABLE if sighting.undo.value == "update" and managed:
            attributes = ", ".join(managed) if unmanaged else "it"
            revert = (
                f"{deploy} changes {attributes} back, and so does `terrace drift {environment} --remediate` if allowed"
            )
            rest = f"; {unmanaged}: not managed, {by_hand}" if unmanaged else ""
            return f"changed outside Terraform; {revert}{rest}{_changed_inputs(sighting, deploy)}"
        case Quadrant.ACTIONABLE if sighting.undo.value != "update":
            return f"changed outside Terraform; {deploy} would {sighting.undo.value} it: check its plan first"
        case Quadrant.ACTIONABLE | Quadrant.UNMANAGED:
            reason = "changed outside Terraform, and no deployment changes it back"
            return f"{reason}; {by_hand}{_changed_inputs(sighting, deploy)}"
        case Quadrant.DELETED if sighting.undo.value == "create":
            return f"deleted outside Terraform; {deploy} recreates it, without the data that it held"
        case Quadrant.DELETED:
            return "deleted outside Terraform, and no deployment recreates it"
    return f"not changed outside Terraform; its inputs changed, and {deploy} would {sighting.undo.value} it"


def _changed_inputs(sighting: Sighting, deploy: str) -> str:
    """Returns what a deployment would change that was not changed outside Terraform."""
    if not sighting.inputs:
        return ""
    names = ", ".join(sighting.inputs)
    return f"; {names}: not changed outside Terraform, the inputs changed, and {deploy} would change it"


def _managed(sighting: Sighting) -> tuple[str, ...]:
    """Returns the paths that a deployment would change back."""
    return tuple(path for path in sighting.paths if sighting.quadrant_of(path) is Quadrant.ACTIONABLE)


_KINDS = {
    Quadrant.ACTIONABLE: " (managed)",
    Quadrant.UNMANAGED: " (not managed)",
    Quadrant.INPUT: " (not changed outside Terraform)",
}


def attribute_lines(review: Review, sighting: Sighting) -> Iterable[str]:
    """Returns each path with its deployed and its live value, whether a deployment changes it back, and who
    acknowledged it."""
    is_acknowledged = answered(review.acknowledged, sighting, sighting.paths) is not None
    acknowledged = {} if is_acknowledged else answers(review.acknowledged, sighting)
    for path in sighting.paths:
        deployed, live = sighting.values.get(path, (None, None))
        text = f"{path}: {shown_value(deployed)} → {shown_value(live)}" if path in sighting.values else path
        if sighting.quadrant is not Quadrant.INPUT:
            text += _KINDS.get(sighting.quadrant_of(path), "")
        if path in acknowledged:
            given = acknowledged[path]
            text += f", acknowledged by {clipped(given.by)}: {clipped(given.reason)}"
        yield text


def has_attribute_lines(review: Review, sighting: Sighting) -> bool:
    """Returns whether the attributes of a resource need lines of their own."""
    return bool(sighting.values or len(sighting.quadrants) > 1 or answers(review.acknowledged, sighting))


def quadrant_words(sighting: Sighting) -> str:
    """Returns the quadrants of its attributes, in words."""
    return ", ".join(quadrant.value for quadrant in sighting.quadrants)


def cause_lines(sighting: Sighting) -> Iterable[str]:
    """Returns possible causes from the logs of the cloud, in sentences. They are hints, never proof."""
    for cause in sighting.causes:
        who = clipped(cause.who, LONGEST) or "an unknown identity"
        origin = f" from {clipped(cause.origin, LONGEST)}" if cause.origin else ""
        client = f" with {clipped(cause.client, LONGEST)}" if cause.client else ""
        event = f", event {clipped(cause.event, LONGEST)}" if cause.event else ""
        at, source = f"{cause.at:%Y-%m-%d %H:%M:%S} UTC", clipped(cause.source, LONGEST)
        what = clipped(cause.what, LONGEST)
        yield f"possible cause (a hint, not proof): {who}{origin}{client}: {what} at {at} ({source}{event})"
    if sighting.more_causes:
        yield f"{plural(sighting.more_causes, 'earlier change')} of it in the logs"
    if sighting.cause_unknown:
        yield f"cause unknown: {clipped(sighting.cause_unknown, 1000)}"


def shown_value(value: Value) -> str:
    """Returns a value as JSON, cut where it is long; a masked or unknown one by name."""
    if value is None:
        return "nothing"
    if value is UNKNOWN or value is MASKED:
        return repr(value)
    return clipped(json.dumps(value, default=repr, ensure_ascii=False), LONGEST)


def resource_words(address: str, paths: tuple[str, ...]) -> str:
    """Returns a resource with its attributes: `aws_instance.a: tags.owner`."""
    return visible(address) + (f": {visible(', '.join(paths))}" if paths else "")


def undeployed_line(observation: Observation) -> str:
    """Returns which newer commits are not deployed."""
    count = len(observation.undeployed)
    commits = ", ".join(commit[:7] for commit in observation.undeployed[:5]) + (", ..." if count > 5 else "")
    return f"{plural(count, 'newer commit')} {'is' if count == 1 else 'are'} not deployed yet: {commits}"


def absorbed_line(absorption: Absorption) -> str:
    """Returns which drift a deployment made part of the state, and who acknowledged it."""
    who = absorption.acknowledged
    by = f"acknowledged by {visible(who.by)}: {visible(who.reason)}" if who else "not acknowledged"
    what = resource_words(absorption.sighting.address, absorption.sighting.kept)
    return f"absorbed by deployment {absorption.deployment}: {absorption.sighting.stack} {what} ({by})"
