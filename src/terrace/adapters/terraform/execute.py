"""The one place that runs Terraform: a session of its own, its stream read as it comes, ^C passed on once."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO

from terrace.adapters.interruption import Interruption
from terrace.adapters.terraform.private import private_file
from terrace.errors import NotReady

POLL_SECONDS = 0.02
"""How often new lines are looked for."""


BYTES = 2**30
"""How much a command may write on stdout where that is held in memory, in bytes: real states reach some 100 MB, and the
JSON of their plans three times that."""


@dataclass(frozen=True, slots=True)
class Limit:
    """How long a command may run, in seconds.

    Then it is interrupted, and once more after `grace`, which has Terraform end at once. After another `grace` it is
    killed, unless it `writes`: a state that is being written is not cut.
    """

    seconds: float = 3600.0
    grace: float = 60.0
    writes: bool = False


@dataclass(frozen=True, slots=True)
class Ran:
    """A command that ended: `out` is stdout where it was not read as lines."""

    code: int
    out: bytes
    err: str


def execute(
    command: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str],
    interruption: Interruption,
    line: Callable[[bytes], None] | None = None,
    stdin: BinaryIO | None = None,
    size: int = BYTES,
    limit: Limit = Limit(),
) -> Ran:
    """Run to the end. With `line` every line of stdout is handed to it as it comes, and `out` stays empty.

    The child is in a session of its own, so that a terminal's ^C reaches it once: through `interruption`, which
    makes this raise Interrupted after the child has ended. One that is followed or fed outlives
    us: were we killed, it would still end as it should and let go of the state's lock.

    Raises NotReady where it wrote more than `size` bytes that were to be returned, or ran longer than its limit; it is
    stopped then.
    """
    interruption.check()
    clocks: list[_Clock] = []
    name = " ".join(command[:2])
    with private_file() as err:

        def started(out: int | IO[bytes]) -> subprocess.Popen[bytes]:
            child = _started(command, cwd=cwd, env=env, stdin=stdin, out=out, err=err)
            clocks.append(_Clock(child, limit))
            return child

        try:
            if line is None and stdin is None:
                code, out = _captured(started, interruption, size, name)
            else:
                code, out = _followed(started, interruption, line), b""
        finally:
            for clock in clocks:
                clock.stop()
        interruption.check()
        if code != 0 and any(clock.expired for clock in clocks):
            raise NotReady(
                f"{name} did not end within {limit.seconds:g} s, and was stopped",
                hint="see what it waits for: a provider, the backend or the network; the same command tries again",
            )
        err.seek(0)
        return Ran(code, out, err.read().decode("utf-8", "replace"))


class _Clock:
    """Stops a child that runs longer than its limit."""

    def __init__(self, child: subprocess.Popen[bytes], limit: Limit) -> None:
        self.expired = False
        self._child = child
        steps = [(0, self._interrupt), (1, self._interrupt), *([] if limit.writes else [(2, self._kill)])]
        self._timers = [threading.Timer(limit.seconds + number * limit.grace, act) for number, act in steps]
        for timer in self._timers:
            timer.daemon = True
            timer.start()

    def stop(self) -> None:
        for timer in self._timers:
            timer.cancel()

    def _interrupt(self) -> None:
        if self._child.poll() is None:
            self.expired = True
            _stop(self._child)

    def _kill(self) -> None:
        if self._child.poll() is None:
            # With its providers: it is the first of a session of its own.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._child.pid, signal.SIGKILL)


_Start = Callable[[int | IO[bytes]], subprocess.Popen[bytes]]


def _captured(start: _Start, interruption: Interruption, size: int, name: str) -> tuple[int, bytes]:
    with start(subprocess.PIPE) as child, interruption.telling(lambda: _stop(child)):
        assert child.stdout is not None
        out = child.stdout.read(size + 1)
        if len(out) <= size:
            return child.wait(), out
        _stop(child)
        # One that does not listen ends with its next word: no reader is left.
        child.stdout.close()
        child.wait()
        raise NotReady(
            f"{name} wrote more than {size:,} bytes, and was stopped",
            hint="split the stack: no state and no plan of that size is read",
        )


def _followed(start: _Start, interruption: Interruption, line: Callable[[bytes], None] | None) -> int:
    # A file, not a pipe: who writes into a pipe that nobody reads any more is ended by it, whatever lock it holds.
    with private_file() as said, start(said) as child, interruption.telling(lambda: _stop(child)):
        heard = 0
        ended = False
        while not ended:
            ended = child.poll() is not None
            fresh = os.pread(said.fileno(), os.fstat(said.fileno()).st_size - heard, heard)
            for text in (fresh if ended else fresh[: fresh.rfind(b"\n") + 1]).splitlines(keepends=True):
                heard += len(text)
                if line is not None:
                    line(text)
            if not ended:
                time.sleep(POLL_SECONDS)
        return child.wait()


def _started(
    command: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str],
    stdin: BinaryIO | None,
    out: int | IO[bytes],
    err: IO[bytes],
) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            command,
            cwd=cwd,
            env=dict(env),
            stdin=stdin if stdin is not None else subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            start_new_session=True,
        )
    except OSError as error:
        raise NotReady(f"{command[0]} cannot be run: {error.strerror}") from error


def _stop(child: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(child.pid, signal.SIGINT)
