"""State backups, made around every apply and by scheduled checks: the last resort."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from terrace.errors import BadInput
from terrace.plans.ports import StateSnapshot

Moment = Literal["before", "after", "poll", "restore", "final"]
"""When the copy was taken: around an apply, by a poll, before a restore, or before everything was destroyed."""


@dataclass(frozen=True, slots=True)
class BackupRecord:
    """One encrypted backup. `sha256` and `size` are the plain state's.

    `key_id` names the key that opens it: a key of its own kind, or all its `recipients` together. `original` is the
    name that it was first stored under, which the ledger knows; it differs after a re-encryption.
    """

    name: str
    environment: str
    stack: str
    lineage: str
    serial: int
    sha256: str
    size: int
    key_id: str
    moment: Moment
    commit: str
    deployment: str
    taken_at: datetime
    original: str
    terraform_version: str = ""
    recipients: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reencryption:
    """The result of re-encryption: backups that are now encrypted with the current keys, that already were, and that
    cannot be decrypted.
    """

    sealed: tuple[BackupRecord, ...]
    already: int
    failed: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The stored backups, oldest first. `damaged` are names of damaged backups, each with the reason."""

    records: tuple[BackupRecord, ...]
    damaged: tuple[tuple[str, str], ...] = ()


class StateBackups(Protocol):
    """Stores state backups. A state is encrypted before it leaves memory."""

    def save(
        self, environment: str, stack: str, state: StateSnapshot, *, commit: str, deployment: str, moment: Moment
    ) -> BackupRecord:
        """Stores a backup and returns its record; the backup is durable when this function returns. Raises NotReady.

        If the latest backup of the stack has the same state, returns its record without storing another.
        """
        ...

    def load(self, name: str) -> bytes:
        """Returns the decrypted state of a backup. Raises NotReady without the key, Corrupt if it was modified."""
        ...

    def catalogue(self, environment: str | None = None, stack: str | None = None) -> Catalogue:
        """Returns the stored backups, of everything or of one environment or stack. No key is needed."""
        ...

    def newest(self, environment: str, stack: str) -> BackupRecord | None:
        """Returns the latest undamaged backup of a stack. Needs no key."""
        ...

    def has_current_keys(self, record: BackupRecord) -> bool:
        """Returns whether a backup is encrypted with the current keys."""
        ...

    def encrypt_again(self, record: BackupRecord) -> BackupRecord:
        """Stores the same state encrypted with the current keys, reads it back, and returns its record. Keeps the old
        one.

        Raises NotReady without the key of the old one or without one that opens the new one.
        """
        ...

    def remove(self, records: Iterable[BackupRecord]) -> None:
        """Removes backups permanently. A missing backup is not an error."""
        ...


def find_backup(records: Iterable[BackupRecord], name: str) -> BackupRecord:
    """Returns the backup with a name, or with the last part of a name, or its start. Raises BadInput."""
    matching = [r for r in records if name in (r.name, r.original) or _last(r.name).startswith(_last(name))]
    if len(matching) == 1:
        return matching[0]
    problem = f"several backups begin with {name!r}" if matching else f"there is no backup {name!r}"
    raise BadInput(problem, hint="`terrace state list` names them")


def _last(name: str) -> str:
    return name.rpartition("/")[2]
