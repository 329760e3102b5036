"""Copies of states, from around every apply and from looks in between: what the last resort is made of."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from terrace.errors import BadInput
from terrace.plans.terraform import StateSnapshot

Moment = Literal["before", "after", "poll", "restore", "final"]
"""When the copy was taken: around an apply, by a poll, before a restore, or before everything was destroyed."""


@dataclass(frozen=True, slots=True)
class BackupRecord:
    """One encrypted copy. `sha256` and `size` are the plain state's.

    `key_id` names the key that opens it: a key of its own kind, or all its `recipients` together. `original` is the
    name that it was first stored under, which the ledger knows; it differs once a copy was sealed anew.
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
class Rekeyed:
    """What sealing anew came to: copies that are sealed for today now, that were already, and that cannot be opened."""

    sealed: tuple[BackupRecord, ...]
    already: int
    failed: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What is stored, oldest first. `damaged` are names of what cannot be a copy any more, each with the reason why."""

    records: tuple[BackupRecord, ...]
    damaged: tuple[tuple[str, str], ...] = ()


class StateBackups(Protocol):
    """Keeps copies of states. A state is encrypted before it leaves memory."""

    def save(
        self, environment: str, stack: str, state: StateSnapshot, *, commit: str, deployment: str, moment: Moment
    ) -> BackupRecord:
        """Keep a copy and return its record; it is stored for good when this returns. Raises NotReady.

        Where the newest copy of the stack is of the very same state, no other is made: its record is returned.
        """
        ...

    def load(self, name: str) -> bytes:
        """The plain state of a copy. Raises NotReady without the right key, Corrupt when it is not what was stored."""
        ...

    def catalogue(self, environment: str | None = None, stack: str | None = None) -> Catalogue:
        """What is stored, of everything or of one environment or stack. No key is needed."""
        ...

    def newest(self, environment: str, stack: str) -> BackupRecord | None:
        """The newest copy of a stack that is not damaged. No key is needed."""
        ...

    def sealed_for_today(self, record: BackupRecord) -> bool:
        """Whether a copy is sealed as a new one would be."""
        ...

    def reseal(self, record: BackupRecord) -> BackupRecord:
        """Store the same state sealed as a new copy would be, read it back, and return its record. The old one stays.

        Raises NotReady without the key of the old one or without one that opens the new one.
        """
        ...

    def remove(self, records: Iterable[BackupRecord]) -> None:
        """Remove copies for good. One that is gone already is no error."""
        ...


def named(records: Iterable[BackupRecord], wanted: str) -> BackupRecord:
    """The one of these that somebody means by its name, the last part of it, or how that begins. Raises BadInput."""
    found = [r for r in records if wanted in (r.name, r.original) or _last(r.name).startswith(_last(wanted))]
    if len(found) == 1:
        return found[0]
    problem = f"several backups begin with {wanted!r}" if found else f"there is no backup {wanted!r}"
    raise BadInput(problem, hint="`terrace state list` names them")


def _last(name: str) -> str:
    return name.rpartition("/")[2]
