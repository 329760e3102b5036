"""Copies of states, from before and after every apply: what the last resort is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from terrace.plans.terraform import StateSnapshot

Moment = Literal["before", "after", "final"]
"""Whether the copy was taken before an apply or after it; `final` is the last one before a destruction."""


@dataclass(frozen=True, slots=True)
class BackupRecord:
    """One encrypted copy. `sha256` and `size` are the plain state's, `key_id` names the key that opens it."""

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


class StateBackups(Protocol):
    """Keeps copies of states. A state is encrypted before it leaves memory."""

    def save(
        self, environment: str, stack: str, state: StateSnapshot, *, commit: str, deployment: str, moment: Moment
    ) -> BackupRecord:
        """Keep a copy and return its record; it is stored for good when this returns. Raises NotReady."""
        ...

    def load(self, name: str) -> bytes:
        """The plain state of a copy. Raises NotReady without the right key, Corrupt when it is not what was stored."""
        ...
