"""Records of looks at the cloud, and of who answers for what they found."""

from __future__ import annotations

from typing import ClassVar, Literal

from msgspec import Struct

from terrace.ledger import kinds
from terrace.ledger.events.grammar import (
    CommitOrNone,
    Count,
    FolderOrNone,
    Line,
    Moment,
    SightedAddress,
    StackKey,
    Text,
    Word,
)
from terrace.ledger.events.proof import DeclarationRecord
from terrace.ledger.events.record import About, Record


class CauseRecord(Struct, frozen=True):
    """A change that a log of the cloud tells of an object that differs. Nothing in it proves anything."""

    source: Line
    at: Moment
    who: Line
    what: Line
    origin: Line = ""
    client: Line = ""
    event: Line = ""


class SightingRecord(Struct, frozen=True):
    """One address that is not what was deployed, without any value."""

    address: SightedAddress
    type: Line
    quadrant: Literal["actionable", "unmanaged", "input", "deleted"]
    severity: Literal["info", "low", "medium", "high", "critical"]
    paths: tuple[Text, ...]
    undo: Literal["no-op", "read", "create", "update", "replace", "delete", "forget", "unknown"]
    fingerprint: Word
    kept: tuple[Text, ...] = ()
    inputs: tuple[Text, ...] = ()
    grave: bool = False
    observed: dict[str, Line] = {}
    causes: tuple[CauseRecord, ...] = ()
    more_causes: Count = 0
    cause_unknown: Text = ""


class IgnoredRecord(Struct, frozen=True):
    """What a rule of terrace.yaml looks away from, and who answers for it."""

    address: Text
    paths: tuple[Text, ...]
    owner: Line
    reason: Text
    until: Line


class ObservationRecord(Struct, frozen=True):
    """What one look at one stack found."""

    stack: StackKey
    path: FolderOrNone
    status: Literal["clean", "drifted", "unknown"]
    commit: CommitOrNone = ""
    why: Text = ""
    undeployed: tuple[CommitOrNone, ...] = ()
    sightings: tuple[SightingRecord, ...] = ()
    ignored: tuple[IgnoredRecord, ...] = ()
    notices: tuple[Text, ...] = ()
    objects: Count = 0


class DriftChecked(Record, frozen=True):
    """The stacks of an environment were looked at. `every` is how often somebody means to, in seconds; 0: once."""

    KIND: ClassVar[str] = kinds.DRIFT_CHECKED
    ABOUT: ClassVar[About] = "environment"

    every: Count
    stacks: tuple[ObservationRecord, ...]


class DriftAcknowledged(Record, frozen=True):
    """Somebody answers for a difference, as it was seen. `declaration` proves who."""

    KIND: ClassVar[str] = kinds.DRIFT_ACKNOWLEDGED
    ABOUT: ClassVar[About] = "environment"

    stack: StackKey
    address: SightedAddress
    paths: tuple[Text, ...]
    observed: dict[str, Line]
    fingerprint: Word
    reason: Text
    declaration: DeclarationRecord | None = None


class DriftOverdue(Record, frozen=True):
    """The last good look is too old."""

    KIND: ClassVar[str] = kinds.DRIFT_OVERDUE
    ABOUT: ClassVar[About] = "environment"

    reason: Text
