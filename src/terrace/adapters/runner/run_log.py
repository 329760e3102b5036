"""The log of an apply has a bound. An apply is never ended because it says much: its log is cut, and says so.

Terraform writes into the file itself, so that it outlives whoever reads. What it says beyond the bound is taken away
from the end again and again; what a log proves is unchanged, and a cut one proves nothing by what it lacks.

The runner does that. A second process, the keeper, does nothing while the runner lives, and takes over where the
runner is killed and Terraform goes on.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
from dataclasses import dataclass

LOG_BYTES = 256 * 2**20
"""How long a log may grow, in bytes."""

TAIL_BYTES = 2**20
"""How much is kept of what was said last, in bytes: there Terraform tells what failed."""

CUT = "terrace_cut"
"""The type of the line that says that a log is cut there."""


KEEPER_SECONDS = 0.1
"""How often the keeper looks at the log of a runner that is gone."""

_MOST_DESCRIPTORS = 2**16
"""Up to which number descriptors are closed where the system names no limit."""


class RunLog:
    """A log that Terraform appends to through `descriptor`, which has O_APPEND. `left_out` counts bytes.

    Another process may have cut it before: the line that says so is found again where it always is.
    """

    def __init__(self, descriptor: int, limit: int = LOG_BYTES) -> None:
        self.left_out = 0
        self._descriptor = descriptor
        self._limit = limit
        self._tail = min(TAIL_BYTES, limit // 4)
        self._kept = self._cut_before()

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
            self._write(self._line())
            self._kept = self._size()
        self._write(b"\n" + last)

    def _cut_before(self) -> int:
        """How long the kept beginning is, with the line that says that the log is cut; 0 where it is not cut yet."""
        start, line = self._limit - self._tail, self._line()
        with contextlib.suppress(OSError):
            if os.pread(self._descriptor, len(line), start) == line:
                return start + len(line)
        return 0

    def _line(self) -> bytes:
        said = {
            "@level": "warn",
            "@message": f"Terrace: this log is cut here: it may have {self._limit} bytes, and Terraform said more",
            "type": CUT,
        }
        return b"\n" + json.dumps(said).encode() + b"\n"

    def _write(self, text: bytes) -> None:
        # A full disk ends no apply: that it was cut stands in the record of its end too.
        with contextlib.suppress(OSError):
            os.write(self._descriptor, text)


@dataclass(frozen=True, slots=True)
class Keeper:
    """The process that bounds the log once the runner is gone. `alive` is for Terraform to inherit: the keeper ends
    when no process has it any more."""

    pid: int
    alive: int
    _runner: int

    @staticmethod
    def start(log: int, lock: int, limit: int) -> Keeper:
        """Start it, in a session of its own. It holds `lock` too: a log that may still change is not yet evidence.

        A fork and not a new program, because it needs a moment where a new program needs a noticeable time. Raises
        OSError where the system gives no process.
        """
        runner, ours = os.pipe()
        alive, theirs = os.pipe()
        pid = os.fork()
        if pid == 0:
            try:
                _keep(log, lock, limit, runner, alive)
            finally:
                os._exit(0)
        os.close(runner)
        os.close(alive)
        return Keeper(pid, theirs, ours)

    def dismiss(self) -> None:
        """End it, because the runner itself has seen the end of Terraform: nothing may change the log from now on."""
        with contextlib.suppress(OSError):
            # A process that is stopped ends by nothing else. Its number is ours until it is waited for.
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self._runner)
        os.close(self.alive)


def _keep(log: int, lock: int, limit: int, runner: int, alive: int) -> None:
    """Wait for the end of the runner, then cut the log until Terraform has ended too."""
    os.setsid()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    kept, last = sorted({0, 1, 2, log, lock, runner, alive}), max(os.sysconf("SC_OPEN_MAX"), _MOST_DESCRIPTORS)
    for before, after in zip(kept, [*kept[1:], last], strict=True):
        os.closerange(before + 1, after)
    os.read(runner, 1)
    bounded = RunLog(log, limit)
    while not select.select([alive], [], [], KEEPER_SECONDS)[0]:
        bounded.cut()
    bounded.close()
