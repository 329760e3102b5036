"""Acknowledgements of drift. One concerns the drift as it was detected: another value needs another one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from terrace.drift.model import Sighting
from terrace.ledger.declared import Declared, declared, facts_in
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

    def covers(self, sighting: Sighting, path: str) -> bool:
        """Returns whether it covers this path of the drift, with the current value.

        Drift without paths, such as a deletion, is covered by an acknowledgement of the same: its path is "".
        """
        name = path.partition(".")[0]
        return (
            (self.stack, self.address) == (sighting.stack, sighting.address)
            and (path in self.paths if path else self.fingerprint == sighting.fingerprint)
            and self.observed.get(name) == sighting.observed.get(name)
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
            declared=_declared(history, event, record),
        )
        for event, record in history.of(DriftAcknowledged)
        if event.subject == environment
    )


def _declared(history: History, event: Event, record: DriftAcknowledged) -> Declared:
    facts = facts_in(event)
    told, environment = record.declaration, event.subject
    return declared(history, event, told, "acknowledge", environment, record.address, record.reason, facts)


def acknowledgement_of(sighting: Sighting, reason: str) -> DriftAcknowledged:
    """Returns the record of an acknowledgement, without its declaration."""
    return DriftAcknowledged(
        stack=sighting.stack,
        address=sighting.address,
        paths=sighting.paths,
        observed=dict(sighting.observed),
        fingerprint=sighting.fingerprint,
        reason=reason,
    )


def answers(given: Iterable[Acknowledgement], sighting: Sighting) -> Mapping[str, Acknowledgement]:
    """Returns the newest acknowledgement of each path of a sighting that has one; of "" where it has no paths."""
    found = {}
    for one in given:
        found.update({path: one for path in sighting.paths or ("",) if one.covers(sighting, path)})
    return found


def answered(given: Iterable[Acknowledgement], sighting: Sighting, paths: tuple[str, ...]) -> Acknowledgement | None:
    """Returns the newest acknowledgement of these paths of a sighting; None where one of them has none."""
    by_path = answers(given, sighting)
    wanted = [by_path.get(path) for path in paths or ("",)]
    found = [one for one in wanted if one is not None]
    return max(found, key=lambda one: one.at) if len(found) == len(wanted) else None
