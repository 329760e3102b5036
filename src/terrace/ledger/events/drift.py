"""Records of drift checks and of acknowledgements."""

from __future__ import annotations

from typing import ClassVar, Literal

from msgspec import UNSET, UnsetType, field

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
from terrace.ledger.events.record import About, Part, Record


class CauseRecord(Part, frozen=True):
    """A change of a drifted resource in a cloud log. Nothing in it proves anything."""

    source: Line
    at: Moment
    who: Line
    what: Line
    origin: Line = ""
    client: Line = ""
    event: Line = ""


class ResourceDriftRecord(Part, frozen=True):
    """One address that differs from the deployed configuration, without values."""

    OMITTED: ClassVar[frozenset[str]] = frozenset({"inputs", "causes", "cause_unknown"})

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
    observed: dict[str, Line] = field(default_factory=dict)
    causes: tuple[CauseRecord, ...] = ()
    more_causes: Count | UnsetType = UNSET
    cause_unknown: Text = ""


class IgnoredRecord(Part, frozen=True):
    """An ignored difference, with the rule and its owner."""

    address: Text
    paths: tuple[Text, ...]
    owner: Line
    reason: Text
    until: Line


class ObservationRecord(Part, frozen=True):
    """The result of one drift check of one stack."""

    stack: StackKey
    path: FolderOrNone
    status: Literal["clean", "drifted", "unknown"]
    commit: CommitOrNone = ""
    why: Text = ""
    undeployed: tuple[CommitOrNone, ...] = ()
    sightings: tuple[ResourceDriftRecord, ...] = ()
    ignored: tuple[IgnoredRecord, ...] = ()
    notices: tuple[Text, ...] = ()
    objects: Count = 0


class DriftChecked(Record, frozen=True):
    """A drift check of an environment. `every` is the configured interval in seconds, 0 for a single check."""

    KIND: ClassVar[str] = kinds.DRIFT_CHECKED
    ABOUT: ClassVar[About] = "environment"

    every: Count
    stacks: tuple[ObservationRecord, ...]


class DriftAcknowledged(Record, frozen=True):
    """A person acknowledges a difference as it was detected. `declaration` proves the person."""

    KIND: ClassVar[str] = kinds.DRIFT_ACKNOWLEDGED
    ABOUT: ClassVar[About] = "environment"
    OMITTED: ClassVar[frozenset[str]] = frozenset({"declaration"})

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
