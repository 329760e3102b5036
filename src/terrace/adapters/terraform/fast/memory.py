"""What the fast lane was surprised by: one line each, only ever appended, so that a kill loses the last at most."""

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
    """A stack, or a provider of it, that could only be planned the plain way. `at` is a Unix time.

    `types` are those that nobody had named: they are known from then on. `packages` are the ones with which this stack
    takes the plain way from now on, since nobody knows the cause; "": it may try again.
    """

    at: float
    stack: str
    why: str
    types: tuple[str, ...] = ()
    packages: str = ""


def named(packages: Iterable[Package]) -> str:
    """One name for these packages, whatever their order."""
    return hashlib.sha256("\n".join(sorted(p.checksum for p in packages)).encode()).hexdigest()[:16]


class Memory:
    """The surprises of one cache folder."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE

    def surprises(self) -> tuple[Surprise, ...]:
        """All of them, the oldest first; lines that are not whole are left out."""
        return tuple(self._read())

    def add(self, surprise: Surprise) -> None:
        """Remember one, unless the same is remembered already; a full disk only means that it may surprise again."""
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
                # With a line's end before it too: whatever was cut off stays alone on its line.
                os.write(descriptor, f"\n{line}\n".encode())
            finally:
                os.close(descriptor)

    def shuns(self, stack: str, packages: str) -> Surprise | None:
        """The surprise because of which this stack is planned the plain way with these packages."""
        return next((s for s in self._read() if (s.stack, s.packages) == (stack, packages)), None)

    def _read(self) -> Iterator[Surprise]:
        try:
            lines = self.path.read_text("utf-8", "replace").splitlines()
        except OSError:
            return
        for line in lines:
            with contextlib.suppress(ValueError, KeyError, TypeError, RecursionError):
                found = json.loads(line)
                yield Surprise(
                    float(found["at"]),
                    str(found["stack"]),
                    str(found["why"]),
                    tuple(str(name) for name in found["types"]),
                    str(found["packages"]),
                )
