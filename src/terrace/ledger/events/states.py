"""Records of state backups: created, restored, drilled, re-encrypted, removed."""

from __future__ import annotations

from typing import ClassVar, Literal

from msgspec import UNSET, UnsetType

from terrace.ledger import kinds
from terrace.ledger.events.deployments import HolderRecord
from terrace.ledger.events.drift import ResourceDriftRecord
from terrace.ledger.events.grammar import (
    BackupName,
    BackupOrNone,
    Commit,
    CommitOrNone,
    Count,
    EnvironmentName,
    Id,
    IdOrNone,
    Line,
    Lineage,
    Serial,
    Text,
    Word,
)
from terrace.ledger.events.record import About, Record

StateFinding = Literal["saved", "same", "none", "unsaved", "alarm", "unknown"]
RestoreResult = Literal["restored", "put_back", "unchanged", "unknown"]
DrillResult = Literal["passed", "missed", "failed", "skipped"]


class StateBackedUp(Record, frozen=True):
    """A state was checked, and backed up if it changed. `restore` and `target` are those of a restore in progress.

    `continues` is another lineage of the same state: a remote backend that was empty assigns a new one.
    """

    KIND: ClassVar[str] = kinds.STATE_BACKED_UP
    ABOUT: ClassVar[About] = "stack"
    OMITTED: ClassVar[frozenset[str]] = frozenset({"restore", "target", "continues"})

    environment: EnvironmentName
    finding: StateFinding
    reason: Text | UnsetType = UNSET
    backup: BackupOrNone = ""
    lineage: Lineage = ""
    serial: Serial = -1
    sha256: Word = ""
    commit: CommitOrNone | UnsetType = UNSET
    busy: Text | UnsetType = UNSET
    restore: IdOrNone = ""
    target: Serial = -1
    continues: Lineage = ""


class StackAdopted(Record, frozen=True):
    """A stack of another tool was adopted, with the state that is now at its address.

    `source` is where the state was. `same` is whether a plan of `commit` on it changed nothing; else `creates`,
    `changes` and `deletes` are the numbers of its changes. `accepted` are the differences between the state and
    the cloud at that time that no plan fixes. `engine` and `providers` made that plan, `written_by` is the
    version that wrote the state.
    """

    KIND: ClassVar[str] = kinds.STACK_ADOPTED
    ABOUT: ClassVar[About] = "stack"

    environment: EnvironmentName
    commit: Commit
    source: Text
    lineage: Lineage
    serial: Serial
    backup: BackupName
    sha256: Word
    same: bool
    reason: Text = ""
    creates: Count = 0
    changes: Count = 0
    deletes: Count = 0
    engine: Line = ""
    providers: tuple[Line, ...] = ()
    written_by: Line = ""
    accepted: tuple[ResourceDriftRecord, ...] = ()


class StateRestoreBegun(Record, frozen=True):
    """A restore starts. `accepted` are the accepted differences."""

    KIND: ClassVar[str] = kinds.STATE_RESTORE_BEGUN
    ABOUT: ClassVar[About] = "stack"

    environment: EnvironmentName
    restore: Id
    backup: BackupName
    deployment: Id
    commit: Commit
    reason: Text
    holder: HolderRecord
    accepted: tuple[Text, ...] = ()
    held_by_us: bool = True


class StateRestoreEnded(Record, frozen=True):
    """How a restore ended; `backup` is the copy of the state then, "" where none was made. `continues` is the lineage
    of the copy that became the state, where the backend gave it another one."""

    KIND: ClassVar[str] = kinds.STATE_RESTORE_ENDED
    ABOUT: ClassVar[About] = "stack"
    OMITTED: ClassVar[frozenset[str]] = frozenset({"backup", "sha256", "lineage", "serial", "continues"})

    environment: EnvironmentName
    restore: Id
    result: RestoreResult
    reason: Text = ""
    differences: tuple[tuple[Line, Text], ...] = ()
    backup: BackupOrNone = ""
    sha256: Word = ""
    lineage: Lineage = ""
    serial: Serial = -1
    continues: Lineage = ""


class StateDrilled(Record, frozen=True):
    """A copy was brought back on the side, against the clock."""

    KIND: ClassVar[str] = kinds.STATE_DRILLED
    ABOUT: ClassVar[About] = "stack"

    environment: EnvironmentName
    backup: BackupOrNone
    result: DrillResult
    commit: CommitOrNone = ""
    reasons: tuple[Text, ...] = ()
    differences: tuple[tuple[Line, Text], ...] = ()
    rto_ms: Count | None = None
    rpo_ms: Count | None = None
    rpo_target_ms: Count | None = None
    rto_target_ms: Count | None = None


class StateRekeyed(Record, frozen=True):
    """Copies are sealed with another key."""

    KIND: ClassVar[str] = kinds.STATE_REKEYED
    ABOUT: ClassVar[About] = "stack"

    environment: EnvironmentName
    phase: Line
    copies: Count
    key_ids: tuple[Word, ...]


class StatePruned(Record, frozen=True):
    """Copies are removed that nothing needs any more."""

    KIND: ClassVar[str] = kinds.STATE_PRUNED
    ABOUT: ClassVar[About] = "stack"

    environment: EnvironmentName
    backups: tuple[BackupName, ...]
