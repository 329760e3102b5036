"""Observations and sightings as records of events."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict

import msgspec
from msgspec import UNSET

from terrace.assess.model import Severity
from terrace.drift.model import Cause, Ignored, Observation, Quadrant, Sighting
from terrace.ledger.events.drift import CauseRecord, IgnoredRecord, ObservationRecord, SightingRecord
from terrace.plans.model import Action


def observation_record(observation: Observation) -> ObservationRecord:
    """Returns the record of an observation."""
    return ObservationRecord(
        stack=observation.stack,
        path=observation.path,
        status=observation.status,
        commit=observation.commit,
        why=observation.why,
        undeployed=observation.undeployed,
        sightings=tuple(sighting_record(one) for one in observation.sightings),
        ignored=tuple(
            IgnoredRecord(one.address, one.paths, one.owner, one.reason, one.until) for one in observation.ignored
        ),
        notices=observation.notices,
        objects=observation.objects,
    )


def observation_of(record: ObservationRecord) -> Observation:
    """Returns the observation of a record."""
    return Observation(
        stack=record.stack,
        path=record.path,
        status=record.status,
        commit=record.commit,
        why=record.why,
        undeployed=record.undeployed,
        sightings=tuple(_sighting(record.stack, one) for one in record.sightings),
        ignored=tuple(Ignored(**msgspec.structs.asdict(one)) for one in record.ignored),
        notices=record.notices,
        objects=record.objects,
    )


def sighting_record(sighting: Sighting) -> SightingRecord:
    """Returns the record of a sighting. It does not name the stack; whatever contains it does."""
    return SightingRecord(
        address=sighting.address,
        type=sighting.type,
        quadrant=sighting.quadrant.value,
        severity=sighting.severity.word,
        paths=sighting.paths,
        undo=sighting.undo.value,
        fingerprint=sighting.fingerprint,
        kept=sighting.kept,
        inputs=sighting.inputs,
        grave=sighting.grave,
        observed=dict(sighting.observed),
        causes=tuple(CauseRecord(**asdict(one)) for one in sighting.causes),
        more_causes=sighting.more_causes if sighting.causes else UNSET,
        cause_unknown=sighting.cause_unknown,
    )


def sightings_of(stack: str, records: Iterable[SightingRecord]) -> tuple[Sighting, ...]:
    """Returns the sightings of records about one stack."""
    return tuple(_sighting(stack, one) for one in records)


def _sighting(stack: str, record: SightingRecord) -> Sighting:
    return Sighting(
        stack=stack,
        address=record.address,
        type=record.type,
        quadrant=Quadrant(record.quadrant),
        severity=Severity[record.severity.upper()],
        paths=record.paths,
        undo=Action(record.undo),
        fingerprint=record.fingerprint,
        kept=record.kept,
        inputs=record.inputs,
        grave=record.grave,
        observed=record.observed,
        causes=tuple(Cause(**msgspec.structs.asdict(one)) for one in record.causes),
        more_causes=record.more_causes or 0,
        cause_unknown=record.cause_unknown,
    )
