"""The log of an apply has a bound. An apply is never ended because it says much: its log is cut, and says so.

Terraform writes into the file itself, so that it outlives whoever reads. What it says beyond the bound is taken away
from the end again and again; what a log proves is unchanged, and a cut one proves nothing by what it lacks.
"""

from __future__ import annotations

import contextlib
import json
import os

LOG_BYTES = 256 * 2**20
"""How long a log may grow, in bytes."""

TAIL_BYTES = 2**20
"""How much is kept of what was said last, in bytes: there Terraform tells what failed."""

CUT = "terrace_cut"
"""The type of the line that says that a log is cut there."""


class RunLog:
    """A log that Terraform appends to through `descriptor`, which has O_APPEND. `left_out` counts bytes."""

    def __init__(self, descriptor: int, limit: int = LOG_BYTES) -> None:
        self.left_out = 0
        self._descriptor = descriptor
        self._limit = limit
        self._tail = min(TAIL_BYTES, limit // 4)
        self._kept = 0

    def cut(self) -> None:
        """Take away what is beyond the bound, while Terraform writes on. What cannot be taken away stays."""
        with contextlib.suppress(OSError):
            size = self._size()
            if size > (self._kept + 3 * self._tail if self._kept else self._limit):
                self._leave_out(size)

    def close(self) -> None:
        """Cut it once Terraform has ended."""
        with contextlib.suppress(OSError):
            size = self._size()
            if size > (self._kept + self._tail if self._kept else self._limit):
                self._leave_out(size)

    def _size(self) -> int:
        return os.fstat(self._descriptor).st_size

    def _leave_out(self, size: int) -> None:
        """Keep the beginning, and what was said last: there Terraform tells what failed, and how it ended."""
        kept = self._kept or self._limit - self._tail
        last = os.pread(self._descriptor, min(self._tail, size - kept), max(kept, size - self._tail))
        os.ftruncate(self._descriptor, kept)
        self.left_out += size - kept - len(last)
        if not self._kept:
            self._say()
            self._kept = self._size()
        self._write(b"\n" + last)

    def _say(self) -> None:
        said = {
            "@level": "warn",
            "@message": f"Terrace: this log is cut here: it may have {self._limit} bytes, and Terraform said more",
            "type": CUT,
        }
        self._write(b"\n" + json.dumps(said).encode() + b"\n")

    def _write(self, text: bytes) -> None:
        # A full disk ends no apply: that it was cut stands in the record of its end too.
        with contextlib.suppress(OSError):
            os.write(self._descriptor, text)
