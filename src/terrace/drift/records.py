"""Observations and drifted resources as records of events."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict

import msgspec
from msgspec import UNSET

from terrace.assess.model import Severity
from terrace.drift.model import Cause, DriftKind, Ignored, Observation, ResourceDrift
from terrace.ledger.events.drift import CauseRecord, IgnoredRecord, ObservationRecord, ResourceDriftRecord
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
        sightings=tuple(resource_drift_record(resource) for resource in observation.resources),
        ignored=tuple(
            IgnoredRecord(ignored.address, ignored.paths, ignored.owner, ignored.reason, ignored.until)
            for ignored in observation.ignored
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
        resources=tuple(_resource_drift(record.stack, resource) for resource in record.sightings),
        ignored=tuple(Ignored(**msgspec.structs.asdict(ignored)) for ignored in record.ignored),
        notices=record.notices,
        objects=record.objects,
    )


def resource_drift_record(resource: ResourceDrift) -> ResourceDriftRecord:
    """Returns the record of a drifted resource. It does not name the stack; whatever contains it does."""
    return ResourceDriftRecord(
        address=resource.address,
        type=resource.type,
        quadrant=resource.kind.value,
        severity=resource.severity.word,
        paths=resource.paths,
        undo=resource.undo.value,
        fingerprint=resource.fingerprint,
        kept=resource.kept,
        inputs=resource.inputs,
        grave=resource.grave,
        observed=dict(resource.observed),
        causes=tuple(CauseRecord(**asdict(cause)) for cause in resource.causes),
        more_causes=resource.more_causes if resource.causes else UNSET,
        cause_unknown=resource.cause_unknown,
    )


def resources_of(stack: str, records: Iterable[ResourceDriftRecord]) -> tuple[ResourceDrift, ...]:
    """Returns the resources of records about one stack."""
    return tuple(_resource_drift(stack, record) for record in records)


def _resource_drift(stack: str, record: ResourceDriftRecord) -> ResourceDrift:
    return ResourceDrift(
        stack=stack,
        address=record.address,
        type=record.type,
        kind=DriftKind(record.quadrant),
        severity=Severity[record.severity.upper()],
        paths=record.paths,
        undo=Action(record.undo),
        fingerprint=record.fingerprint,
        kept=record.kept,
        inputs=record.inputs,
        grave=record.grave,
        observed=record.observed,
        causes=tuple(Cause(**msgspec.structs.asdict(cause)) for cause in record.causes),
        more_causes=record.more_causes or 0,
        cause_unknown=record.cause_unknown,
    )
