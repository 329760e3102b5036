"""Acknowledgements of drift. One concerns the drift as it was detected: another value needs another one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from terrace.drift.model import ResourceDrift
from terrace.ledger.declared import Declared, declaration_of, facts_in
from terrace.ledger.event import Event
from terrace.ledger.events.drift import DriftAcknowledged
from terrace.ledger.model import History


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """A person knows that these paths of an address differ, and why. `declared` proves who acknowledged it, or not."""

    stack: str
    address: str
    paths: tuple[str, ...]
    observed: Mapping[str, str]
    fingerprint: str
    by: str
    reason: str
    at: datetime
    declared: Declared | None = None

    def covers(self, resource: ResourceDrift, path: str) -> bool:
        """Returns whether it covers this path of the drift, with the current value.

        Drift without paths, such as a deletion, is covered by an acknowledgement of the same: its path is "".
        """
        name = path.partition(".")[0]
        return (
            (self.stack, self.address) == (resource.stack, resource.address)
            and (path in self.paths if path else self.fingerprint == resource.fingerprint)
            and self.observed.get(name) == resource.observed.get(name)
        )


def acknowledgements(history: History, environment: str) -> tuple[Acknowledgement, ...]:
    """Returns every acknowledgement in an environment, oldest first."""
    return tuple(
        Acknowledgement(
            stack=record.stack,
            address=record.address,
            paths=record.paths,
            observed=record.observed,
            fingerprint=record.fingerprint,
            by=event.actor,
            reason=record.reason,
            at=event.time,
            declared=_declaration(history, event, record),
        )
        for event, record in history.of(DriftAcknowledged)
        if event.subject == environment
    )


def _declaration(history: History, event: Event, record: DriftAcknowledged) -> Declared:
    facts = facts_in(event)
    declaration, environment = record.declaration, event.subject
    return declaration_of(history, event, declaration, "acknowledge", environment, record.address, record.reason, facts)


def acknowledgement_of(resource: ResourceDrift, reason: str) -> DriftAcknowledged:
    """Returns the record of an acknowledgement, without its declaration."""
    return DriftAcknowledged(
        stack=resource.stack,
        address=resource.address,
        paths=resource.paths,
        observed=dict(resource.observed),
        fingerprint=resource.fingerprint,
        reason=reason,
    )


def answers(acknowledgements: Iterable[Acknowledgement], resource: ResourceDrift) -> Mapping[str, Acknowledgement]:
    """Returns the newest acknowledgement of each path of a resource that has one; of "" where it has no paths."""
    by_path = {}
    for acknowledgement in acknowledgements:
        by_path.update(
            {path: acknowledgement for path in resource.paths or ("",) if acknowledgement.covers(resource, path)}
        )
    return by_path


def find_acknowledgement(
    acknowledgements: Iterable[Acknowledgement], resource: ResourceDrift, paths: tuple[str, ...]
) -> Acknowledgement | None:
    """Returns the newest acknowledgement of these paths of a resource; None where one of them has none."""
    by_path = answers(acknowledgements, resource)
    items = [by_path.get(path) for path in paths or ("",)]
    present = [item for item in items if item is not None]
    return max(present, key=lambda item: item.at) if len(present) == len(items) else None
