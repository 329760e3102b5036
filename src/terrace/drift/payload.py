"""Observations as they stand in events, and back. A field that was written stays readable for good."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

import msgspec

from terrace import typed_json
from terrace.assess.model import Severity
from terrace.drift.model import Cause, Ignored, Observation, Quadrant, Sighting
from terrace.ledger.events.drift import ObservationRecord, SightingRecord
from terrace.plans.model import Action


def observation_to_payload(record: Observation) -> dict[str, Any]:
    """An observation as JSON data; `observation_from_payload` reads it back."""
    return {
        "stack": record.stack,
        "path": record.path,
        "status": record.status,
        "commit": record.commit,
        "why": record.why,
        "undeployed": list(record.undeployed),
        "sightings": [sighting_to_payload(one) for one in record.sightings],
        "ignored": [
            {"address": i.address, "paths": list(i.paths), "owner": i.owner, "reason": i.reason, "until": i.until}
            for i in record.ignored
        ],
        "notices": list(record.notices),
        "objects": record.objects,
    }


def observation_of(record: ObservationRecord) -> Observation:
    """What `observation_to_payload` wrote."""
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


def sighting_to_payload(record: Sighting) -> dict[str, Any]:
    """A sighting as JSON data, without its stack: whoever holds it says that."""
    told: dict[str, Any] = {"inputs": list(record.inputs)} if record.inputs else {}
    if record.causes:
        told["causes"] = [{**asdict(one), "at": one.at.isoformat()} for one in record.causes]
        told["more_causes"] = record.more_causes
    if record.cause_unknown:
        told["cause_unknown"] = record.cause_unknown
    return {
        "address": record.address,
        "type": record.type,
        "quadrant": record.quadrant.value,
        "severity": record.severity.word,
        "paths": list(record.paths),
        "undo": record.undo.value,
        "fingerprint": record.fingerprint,
        "kept": list(record.kept),
        "grave": record.grave,
        "observed": dict(record.observed),
        **told,
    }


def sightings_of(stack: str, payloads: Iterable[Mapping[str, Any]]) -> tuple[Sighting, ...]:
    """What `sighting_to_payload` wrote of one stack."""
    return tuple(_sighting(stack, typed_json.convert(one, SightingRecord)) for one in payloads)


def sightings_in(stack: str, records: Iterable[SightingRecord]) -> tuple[Sighting, ...]:
    """The sightings of one stack that an event holds."""
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
        more_causes=record.more_causes,
        cause_unknown=record.cause_unknown,
    )
