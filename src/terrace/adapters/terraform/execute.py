"""Runs Terraform in a session of its own, reads its output as it arrives, and passes ^C on once."""

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
"""Interval between reads of new lines."""

WATCH_SECONDS = 0.25
"""Interval between checks of the size of stderr."""

BYTES = 2**30
"""Maximum size of stdout that is held in memory, in bytes: real states reach 100 MB, and the JSON of their plans three
times that."""


STREAM_BYTES = 256 * 2**20
"""Maximum size of output that is read as it arrives, in bytes: it is held in memory until the command has finished."""

LINE_BYTES = 32 * 2**20
"""Maximum length of one line, in bytes."""

ERROR_BYTES = 64 * 2**20
"""Maximum size of stderr, in bytes."""

SHOWN_BYTES = 2**20
"""Maximum size of the end of stderr that is read, in bytes."""


@dataclass(frozen=True, slots=True)
class OutputLimits:
    """Output limits of a command, in bytes: stdout that is read line by line, one line, and stderr. A command that
    `writes` a state is not stopped beyond them: the excess is dropped.
    """

    stream: int = STREAM_BYTES
    line: int = LINE_BYTES
    errors: int = ERROR_BYTES


@dataclass(frozen=True, slots=True)
class TimeLimit:
    """Time limit of a command, in seconds. Infinity means no limit.

    At the limit the command is interrupted, and again after `grace`, which makes Terraform exit immediately. After
    another `grace` it is killed, unless it `writes`: writing a state is never cut off. `setting` is the key in
    terrace.yaml that raises the limit.
    """

    seconds: float = 3600.0
    grace: float = 60.0
    writes: bool = False
    setting: str = ""


@dataclass(frozen=True, slots=True)
class Finished:
    """A finished command. `out` is stdout where it was not read line by line."""

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
    limit: TimeLimit = TimeLimit(),
    bounds: OutputLimits = OutputLimits(),
) -> Finished:
    """Runs a command to its end. With `line`, every line of stdout is passed to it as it arrives, and `out` stays
    empty.

    The child is in a session of its own, so that a terminal's ^C reaches it once: through `interruption`, which makes
    this raise Interrupted after the child has exited. A child with `line` or stdin outlives this process: if Terrace is
    killed, it still finishes and releases the state lock. Raises NotReady where the command wrote more than `size`
    bytes of returned output, exceeded its output limits, or ran longer than its time limit; it is stopped then.
    """
    interruption.check()
    stops: list[_Stop] = []
    name = " ".join(command[:2])
    with private_file() as err:

        def started(out: int | IO[bytes]) -> _Stop:
            child = _popen(command, cwd=cwd, env=env, stdin=stdin, out=out, err=err)
            stops.append(_Stop(child, limit, err, bounds.errors))
            return stops[-1]

        try:
            if line is None and stdin is None:
                code, out = _capture(started, interruption, size, name)
            else:
                code, out = _follow(started, interruption, line, bounds), b""
        finally:
            for stop in stops:
                stop.end()
        interruption.check()
        reason = next((stop.reason for stop in stops if stop.reason), "")
        # A command that reacts to the first interrupt fails with an error of its own, and the excess output is gone.
        if reason and (code != 0 or reason in _SAYINGS):
            message, hint = _STOPPED[reason](name, limit, bounds)
            raise NotReady(message, hint=hint)
        before = b"".join(stop.cut for stop in stops)
        last_words = (before + _end_of(err))[-SHOWN_BYTES:]
        return Finished(code, out, last_words.decode("utf-8", "replace"))


def _end_of(err: IO[bytes]) -> bytes:
    """Returns the end of a file, without the hole of output that was dropped before."""
    length = os.fstat(err.fileno()).st_size
    return os.pread(err.fileno(), SHOWN_BYTES, max(0, length - SHOWN_BYTES)).lstrip(b"\0")


_SAYINGS = ("stream", "line", "errors")
_STOPPED: Mapping[str, Callable[[str, TimeLimit, OutputLimits], tuple[str, str]]] = {
    "time": lambda name, limit, bounds: (
        f"{name} did not finish within {limit.seconds:g} s and was stopped",
        "check what it waits for (a provider, the backend or the network), then run the same command again"
        + (f"; `{limit.setting}` in terrace.yaml raises the limit" if limit.setting else ""),
    ),
    "stream": lambda name, limit, bounds: (
        f"{name} printed more than {bounds.stream:,} bytes and was stopped",
        "check what prints without end (a provider, or a program that a data source runs); split the stack if it "
        "is only large",
    ),
    "line": lambda name, limit, bounds: (
        f"{name} printed a line of more than {bounds.line:,} bytes and was stopped",
        "check which output or message is that long; store a value of that size in a file or a bucket",
    ),
    "errors": lambda name, limit, bounds: (
        f"{name} printed more than {bounds.errors:,} bytes on stderr and was stopped",
        "check what prints without end: a provider, or TF_LOG in the environment",
    ),
}


class _Stop:
    """Stops a child that runs longer than its time limit or exceeds its output limits."""

    def __init__(self, child: subprocess.Popen[bytes], limit: TimeLimit, err: IO[bytes], errors: int) -> None:
        self.child = child
        self.reason = ""
        self.cut = b""
        self.writes = limit.writes
        self._grace = limit.grace
        timed = limit.seconds < threading.TIMEOUT_MAX
        self._timers = [threading.Timer(limit.seconds, self.now, ("time",))] if timed else []
        self._over = threading.Event()
        self._watch = threading.Thread(target=self._bound_errors, args=(err, errors), daemon=True)
        for thread in (*self._timers, self._watch):
            thread.daemon = True
            thread.start()

    def now(self, reason: str) -> None:
        """Interrupts the child, again after the grace, and finally kills it unless it writes."""
        if self.reason or self.child.poll() is not None or self._over.is_set():
            return
        self.reason = reason
        _stop(self.child)
        later: list[tuple[int, Callable[[], None]]] = [(1, self._interrupt)]
        if not self.writes:
            later.append((2, self._kill))
        for number, act in later:
            timer = threading.Timer(number * self._grace, act)
            timer.daemon = True
            self._timers.append(timer)
            timer.start()

    def end(self) -> None:
        """Cancels: the child has exited."""
        self._over.set()
        for timer in self._timers:
            timer.cancel()
        self._watch.join()

    def _bound_errors(self, err: IO[bytes], errors: int) -> None:
        while not self._over.wait(WATCH_SECONDS):
            status = os.fstat(err.fileno())
            if self.reason not in _SAYINGS and status.st_size <= errors:
                continue
            if not self.writes:
                self.now("errors")
            # The file becomes sparse: the child continues to write at its offset, and the dropped output uses no space.
            if status.st_blocks * 512 > SHOWN_BYTES:
                # This may be the error that ends it.
                self.cut = _end_of(err)
                os.ftruncate(err.fileno(), 0)

    def _interrupt(self) -> None:
        if self.child.poll() is None:
            _stop(self.child)

    def _kill(self) -> None:
        if self.child.poll() is None:
            # Including its providers: the child leads a session of its own.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.child.pid, signal.SIGKILL)


_Start = Callable[[int | IO[bytes]], _Stop]


def _capture(start: _Start, interruption: Interruption, size: int, name: str) -> tuple[int, bytes]:
    with start(subprocess.PIPE).child as child, interruption.call_on_interrupt(lambda: _stop(child)):
        assert child.stdout is not None
        out = child.stdout.read(size + 1)
        if len(out) <= size:
            return child.wait(), out
        _stop(child)
        # A child that ignores the signal ends with its next write: no reader is left.
        child.stdout.close()
        child.wait()
        raise NotReady(
            f"{name} printed more than {size:,} bytes and was stopped",
            hint="split the stack: Terrace does not read states and plans of that size",
        )


def _follow(
    start: _Start, interruption: Interruption, line: Callable[[bytes], None] | None, bounds: OutputLimits
) -> int:
    # A file, not a pipe: a process that writes into a pipe without a reader is terminated, even while it holds a lock.
    with private_file() as stdout:
        stop = start(stdout)
        with stop.child as child, interruption.call_on_interrupt(lambda: _stop(child)):
            heard = 0
            ended = False
            while not ended:
                ended = child.poll() is not None
                heard += _pass_lines(stdout, heard, line, bounds, stop, ended=ended)
                if not ended:
                    time.sleep(POLL_SECONDS)
            return child.wait()


def _pass_lines(
    stdout: IO[bytes],
    heard: int,
    line: Callable[[bytes], None] | None,
    bounds: OutputLimits,
    stop: _Stop,
    *,
    ended: bool,
) -> int:
    """Passes the new lines on; returns their size in bytes. Nothing is read once the output limit is exceeded."""
    status = os.fstat(stdout.fileno())
    if line is None or stop.reason in _SAYINGS or status.st_size > bounds.stream:
        if line is not None and not stop.writes:
            stop.now("stream")
            stop.reason = stop.reason or "stream"
        if status.st_blocks * 512 > SHOWN_BYTES:
            os.ftruncate(stdout.fileno(), 0)
        return 0
    fresh = os.pread(stdout.fileno(), status.st_size - heard, heard)
    whole = fresh if ended else fresh[: fresh.rfind(b"\n") + 1]
    lines = whole.splitlines(keepends=True)
    longest = max(len(fresh) - len(whole), *map(len, lines), 0)
    if longest > bounds.line:
        stop.now("line")
        stop.reason = stop.reason or "line"
        return 0
    for text in lines:
        line(text)
    return len(whole)


def _popen(
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
    # Popen checks first whether the child has exited: from then on its pid may belong to another process.
    child.send_signal(signal.SIGINT)
