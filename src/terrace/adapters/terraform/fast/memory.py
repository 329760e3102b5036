"""The record of unexpected events in the fast lane: an append-only file with one line per event."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from terrace.adapters.terraform.fast.package import Package

FILE = "surprises.jsonl"


@dataclass(frozen=True, slots=True)
class Surprise:
    """A stack, or one of its providers, for which the fast lane could not be used.

    `at` is a Unix time. `types` are types that were missing from the reduced schema, and are included from then on.
    `packages` are those with which this stack no longer uses the fast lane, since the cause is unknown; "" where it is
    tried again.
    """

    at: float
    stack: str
    why: str
    types: tuple[str, ...] = ()
    packages: str = ""


def name_of(packages: Iterable[Package]) -> str:
    """Returns one name for these packages, in any order."""
    return hashlib.sha256("\n".join(sorted(p.checksum for p in packages)).encode()).hexdigest()[:16]


class Memory:
    """The record of one cache folder."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE

    def surprises(self) -> tuple[Surprise, ...]:
        """Returns all events, oldest first, without incomplete lines."""
        return tuple(self._read())

    def add(self, surprise: Surprise) -> None:
        """Records an event once. Errors such as a full disk are ignored: the event may then happen again."""
        if any((s.stack, s.why, s.packages) == (surprise.stack, surprise.why, surprise.packages) for s in self._read()):
            return
        line = json.dumps(
            {
                "at": surprise.at,
                "stack": surprise.stack,
                "why": surprise.why,
                "types": surprise.types,
                "packages": surprise.packages,
            }
        )
        with contextlib.suppress(OSError):
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            try:
                # Starts with a line break, so that a truncated line before it stays separate.
                os.write(descriptor, f"\n{line}\n".encode())
            finally:
                os.close(descriptor)

    def exclusion(self, stack: str, packages: str) -> Surprise | None:
        """Returns the event for which this stack does not use the fast lane with these packages."""
        return next((s for s in self._read() if (s.stack, s.packages) == (stack, packages)), None)

    def _read(self) -> Iterator[Surprise]:
        try:
            lines = self.path.read_text("utf-8", "replace").splitlines()
        except OSError:
            return
        for line in lines:
            with contextlib.suppress(ValueError, KeyError, TypeError, RecursionError):
                entry = json.loads(line)
                yield Surprise(
                    float(entry["at"]),
                    str(entry["stack"]),
                    str(entry["why"]),
                    tuple(str(name) for name in entry["types"]),
                    str(entry["packages"]),
                )
