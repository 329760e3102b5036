"""Sentences about drift that every renderer uses."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from terrace.drift.acknowledgements import answers, find_acknowledgement
from terrace.drift.adopted_drift import Absorption
from terrace.drift.differences import drift_differences
from terrace.drift.model import DriftKind, Observation, ResourceDrift
from terrace.drift.review import Review
from terrace.plans.model import MASKED, UNKNOWN, Value
from terrace.report.diff_words import Extent, Row, attribute_rows, warning_rows
from terrace.text import clip, visible
from terrace.words import plural

LONGEST = 120
"""Characters of one value that are shown."""


def remedy(environment: str, resource: ResourceDrift, commit: str) -> str:
    """Returns how to resolve the drift of a resource, in a sentence. `commit` is the deployed one."""
    deploy = f"`terrace deploy {environment} --ref {commit[:7]}`"
    acknowledge = f"`terrace drift ack {environment} ADDRESS --reason WHY`"
    by_hand = f"change it back by hand, write it into the configuration, or acknowledge it: {acknowledge}"
    managed, unmanaged = _managed_paths(resource), ", ".join(resource.kept)
    match resource.kind:
        case DriftKind.ACTIONABLE if resource.undo.value == "update" and managed:
            attributes = ", ".join(managed) if unmanaged else "it"
            revert = (
                f"{deploy} changes {attributes} back, and so does `terrace drift {environment} --remediate` if allowed"
            )
            rest = f"; {unmanaged}: not managed, {by_hand}" if unmanaged else ""
            return f"changed outside Terraform; {revert}{rest}{_changed_inputs(resource, deploy)}"
        case DriftKind.ACTIONABLE if resource.undo.value != "update":
            return f"changed outside Terraform; {deploy} would {resource.undo.value} it: check its plan first"
        case DriftKind.ACTIONABLE | DriftKind.UNMANAGED:
            reason = "changed outside Terraform, and no deployment changes it back"
            return f"{reason}; {by_hand}{_changed_inputs(resource, deploy)}"
        case DriftKind.DELETED if resource.undo.value == "create":
            return f"deleted outside Terraform; {deploy} recreates it, without the data that it held"
        case DriftKind.DELETED:
            return "deleted outside Terraform, and no deployment recreates it"
    return f"not changed outside Terraform; its inputs changed, and {deploy} would {resource.undo.value} it"


def _changed_inputs(resource: ResourceDrift, deploy: str) -> str:
    """Returns what a deployment would change that was not changed outside Terraform."""
    if not resource.inputs:
        return ""
    names = ", ".join(resource.inputs)
    return f"; {names}: not changed outside Terraform, the inputs changed, and {deploy} would change it"


def _managed_paths(resource: ResourceDrift) -> tuple[str, ...]:
    """Returns the paths that a deployment would change back."""
    return tuple(path for path in resource.paths if resource.kind_of(path) is DriftKind.ACTIONABLE)


_KINDS = {
    DriftKind.ACTIONABLE: " (managed)",
    DriftKind.UNMANAGED: " (not managed)",
    DriftKind.INPUT: " (not changed outside Terraform)",
}


@dataclass(frozen=True, slots=True)
class AttributeLine:
    """An attribute with drift: its line with the note at its end, and the rows of the differences within its value,
    where it has parts."""

    text: str
    rows: tuple[Row, ...] = ()
    note: str = ""


def attribute_lines(review: Review, resource: ResourceDrift, extent: Extent) -> Iterable[AttributeLine]:
    """Returns each path with its deployed and its live value, whether a deployment changes it back, who acknowledged
    it, and what it opens."""
    is_acknowledged = find_acknowledgement(review.acknowledged, resource, resource.paths) is not None
    acknowledged = {} if is_acknowledged else answers(review.acknowledged, resource)
    differences = drift_differences(resource).attributes
    for path in resource.paths:
        rows = tuple(attribute_rows(path, differences.get(path, ()), extent))
        is_one_value = len(rows) == 1 and rows[0].name == path and not rows[0].lines
        text = f"{path}: {rows[0].before or 'nothing'} → {rows[0].after or 'nothing'}" if is_one_value else path
        if resource.kind is not DriftKind.INPUT:
            text += _KINDS.get(resource.kind_of(path), "")
        if path in acknowledged:
            acknowledgement = acknowledged[path]
            text += f", acknowledged by {clip(acknowledgement.by)}: {clip(acknowledgement.reason)}"
        yield AttributeLine(text, () if is_one_value else rows, rows[0].note if is_one_value else "")


def drift_warnings(resource: ResourceDrift) -> list[Row]:
    """Returns rows about what a resource opens, and what forces its replacement, that no attribute shows."""
    differences = drift_differences(resource)
    return warning_rows(differences.opens, differences.forced)


def has_attribute_lines(review: Review, resource: ResourceDrift) -> bool:
    """Returns whether the attributes of a resource need lines of their own."""
    return bool(resource.values or len(resource.kinds) > 1 or answers(review.acknowledged, resource))


def kind_words(resource: ResourceDrift) -> str:
    """Returns the kinds of its attributes, in words."""
    return ", ".join(kind.value for kind in resource.kinds)


def cause_lines(resource: ResourceDrift) -> Iterable[str]:
    """Returns possible causes from the logs of the cloud, in sentences. They are hints, never proof."""
    for cause in resource.causes:
        who = clip(cause.who, LONGEST) or "an unknown identity"
        origin = f" from {clip(cause.origin, LONGEST)}" if cause.origin else ""
        client = f" with {clip(cause.client, LONGEST)}" if cause.client else ""
        event = f", event {clip(cause.event, LONGEST)}" if cause.event else ""
        at, source = f"{cause.at:%Y-%m-%d %H:%M:%S} UTC", clip(cause.source, LONGEST)
        action = clip(cause.what, LONGEST)
        yield f"possible cause (a hint, not proof): {who}{origin}{client}: {action} at {at} ({source}{event})"
    if resource.more_causes:
        yield f"{plural(resource.more_causes, 'earlier change')} of it in the logs"
    if resource.cause_unknown:
        yield f"cause unknown: {clip(resource.cause_unknown, 1000)}"


def shown_value(value: Value) -> str:
    """Returns a value as JSON, cut where it is long; a masked or unknown one by name."""
    if value is None:
        return "nothing"
    if value is UNKNOWN or value is MASKED:
        return repr(value)
    return clip(json.dumps(value, default=repr, ensure_ascii=False), LONGEST)


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
    words = resource_words(absorption.resource.address, absorption.resource.kept)
    return f"absorbed by deployment {absorption.deployment}: {absorption.resource.stack} {words} ({by})"
