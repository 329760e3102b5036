"""The size limit of the log of an apply. An apply is never stopped for its output: its log is truncated, with a mark.

Terraform writes into the file itself, so that it does not depend on a reader. Output beyond the limit is repeatedly
removed from the end. A truncated log remains evidence for what it contains, but not for what it lacks. The runner does
that. A second process, the keeper, waits while the runner runs, and continues where the runner is killed and Terraform
continues.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
from dataclasses import dataclass

LOG_BYTES = 256 * 2**20
"""Maximum size of a log in bytes."""

TAIL_BYTES = 2**20
"""Size of the end of the log that is kept, in bytes: Terraform reports errors at the end."""

CUT = "terrace_cut"
"""The type of the line that marks the truncation of a log."""


KEEPER_SECONDS = 0.1
"""Interval at which the keeper checks the log after the runner has ended, in seconds."""

_MOST_DESCRIPTORS = 2**16
"""Highest descriptor that is closed where the system has no limit."""


class RunLog:
    """A log that Terraform appends to through `descriptor`, which has O_APPEND. `left_out` is a number of bytes.
    Another process may have truncated it before: the mark is always at the same place.
    """

    def __init__(self, descriptor: int, limit: int = LOG_BYTES) -> None:
        self.left_out = 0
        self._descriptor = descriptor
        self._limit = limit
        self._tail = min(TAIL_BYTES, limit // 4)
        self._kept = self._cut_before()

    def cut(self) -> None:
        """Removes output beyond the limit while Terraform continues to write. Errors are ignored."""
        with contextlib.suppress(OSError):
            size = self._size()
            if size > (self._kept + 3 * self._tail if self._kept else self._limit):
                self._leave_out(size)

    def close(self) -> None:
        """Truncates the log after Terraform has exited."""
        with contextlib.suppress(OSError):
            size = self._size()
            if size > (self._kept + self._tail if self._kept else self._limit):
                self._leave_out(size)

    def _size(self) -> int:
        return os.fstat(self._descriptor).st_size

    def _leave_out(self, size: int) -> None:
        """Keeps the start and the end of the log: Terraform reports errors and its result at the end."""
        head = self._kept or self._limit - self._tail
        last = os.pread(self._descriptor, min(self._tail, size - head), max(head, size - self._tail))
        os.ftruncate(self._descriptor, head)
        self.left_out += size - head - len(last)
        if not self._kept:
            self._write(self._line())
            self._kept = self._size()
        self._write(b"\n" + last)

    def _cut_before(self) -> int:
        """Returns the length of the kept start including the mark; 0 where the log is not truncated yet."""
        start, line = self._limit - self._tail, self._line()
        with contextlib.suppress(OSError):
            if os.pread(self._descriptor, len(line), start) == line:
                return start + len(line)
        return 0

    def _line(self) -> bytes:
        line = {
            "@level": "warn",
            "@message": "Terrace: this log is truncated here: Terraform printed more than the limit of "
            f"{self._limit} bytes",
            "type": CUT,
        }
        return b"\n" + json.dumps(line).encode() + b"\n"

    def _write(self, text: bytes) -> None:
        # A full disk must not end an apply; the record of its result has the truncation too.
        with contextlib.suppress(OSError):
            os.write(self._descriptor, text)


@dataclass(frozen=True, slots=True)
class LogLimiter:
    """The process that limits the log after the runner was killed. Terraform inherits `alive`: the keeper exits when no
    process holds it any more."""

    pid: int
    alive: int
    _runner: int

    @staticmethod
    def start(log: int, lock: int, limit: int) -> LogLimiter:
        """Starts it in a session of its own. It holds `lock` too: a log that can still change is not yet evidence. It
        is a fork, since a new program would take noticeably longer. Raises OSError where the system cannot create a
        process.
        """
        runner, ours = os.pipe()
        alive, writer_end = os.pipe()
        pid = os.fork()
        if pid == 0:
            try:
                _keep(log, lock, limit, runner, alive)
            finally:
                os._exit(0)
        os.close(runner)
        os.close(alive)
        return LogLimiter(pid, writer_end, ours)

    def dismiss(self) -> None:
        """Stops it after the runner itself has seen the end of Terraform: the log must not change from now on."""
        with contextlib.suppress(OSError):
            # Only SIGKILL ends a suspended process. Its pid stays valid until it is reaped.
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self._runner)
        os.close(self.alive)


def _keep(log: int, lock: int, limit: int, runner: int, alive: int) -> None:
    """Waits for the end of the runner, then limits the log until Terraform has exited too."""
    os.setsid()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    descriptors, last = sorted({0, 1, 2, log, lock, runner, alive}), max(os.sysconf("SC_OPEN_MAX"), _MOST_DESCRIPTORS)
    for before, after in zip(descriptors, [*descriptors[1:], last], strict=True):
        os.closerange(before + 1, after)
    os.read(runner, 1)
    bounded = RunLog(log, limit)
    while not select.select([alive], [], [], KEEPER_SECONDS)[0]:
        bounded.cut()
    bounded.close()
