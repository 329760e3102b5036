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

WATCH_SECONDS = 0.25
"""How often it is looked how much was written on stderr."""

BYTES = 2**30
"""How much a command may write on stdout where that is held in memory, in bytes: real states reach some 100 MB, and the
JSON of their plans three times that."""


STREAM_BYTES = 256 * 2**20
"""How much a command may say that is read as it comes, in bytes: it lies in memory until it has ended."""

LINE_BYTES = 32 * 2**20
"""How long one line of that may be, in bytes."""

ERROR_BYTES = 64 * 2**20
"""How much a command may write on stderr, in bytes."""

SHOWN_BYTES = 2**20
"""How much of stderr is read, in bytes: what was said last."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much a command may say, in bytes: on stdout where that is read line by line, in one line, on stderr.

    One that `writes` a state is not stopped when it says more: what it says is left out.
    """

    stream: int = STREAM_BYTES
    line: int = LINE_BYTES
    errors: int = ERROR_BYTES


@dataclass(frozen=True, slots=True)
class Limit:
    """How long a command may run, in seconds.

    Then it is interrupted, and once more after `grace`, which has Terraform end at once. After another `grace` it is
    killed, unless it `writes`: a state that is being written is not cut. `setting` is the key of terrace.yaml that
    gives it longer. An infinite limit is none.
    """

    seconds: float = 3600.0
    grace: float = 60.0
    writes: bool = False
    setting: str = ""


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
    bounds: Bounds = Bounds(),
) -> Ran:
    """Run to the end. With `line` every line of stdout is handed to it as it comes, and `out` stays empty.

    The child is in a session of its own, so that a terminal's ^C reaches it once: through `interruption`, which
    makes this raise Interrupted after the child has ended. One that is followed or fed outlives
    us: were we killed, it would still end as it should and let go of the state's lock.

    Raises NotReady where it wrote more than `size` bytes that were to be returned, said more than its bounds, or ran
    longer than its limit; it is stopped then.
    """
    interruption.check()
    stops: list[_Stop] = []
    name = " ".join(command[:2])
    with private_file() as err:

        def started(out: int | IO[bytes]) -> _Stop:
            child = _started(command, cwd=cwd, env=env, stdin=stdin, out=out, err=err)
            stops.append(_Stop(child, limit, err, bounds.errors))
            return stops[-1]

        try:
            if line is None and stdin is None:
                code, out = _captured(started, interruption, size, name)
            else:
                code, out = _followed(started, interruption, line, bounds), b""
        finally:
            for stop in stops:
                stop.end()
        interruption.check()
        reason = next((stop.reason for stop in stops if stop.reason), "")
        # One that listens to the first interrupt ends with an error of its own; what it said too much of is gone.
        if reason and (code != 0 or reason in _SAYINGS):
            message, hint = _STOPPED[reason](name, limit, bounds)
            raise NotReady(message, hint=hint)
        before = b"".join(stop.cut for stop in stops)
        said = (before + _last(err))[-SHOWN_BYTES:]
        return Ran(code, out, said.decode("utf-8", "replace"))


def _last(err: IO[bytes]) -> bytes:
    """What a file ends with; the hole of what was cut out of it before is left out."""
    length = os.fstat(err.fileno()).st_size
    return os.pread(err.fileno(), SHOWN_BYTES, max(0, length - SHOWN_BYTES)).lstrip(b"\0")


_SAYINGS = ("stream", "line", "errors")
_STOPPED: Mapping[str, Callable[[str, Limit, Bounds], tuple[str, str]]] = {
    "time": lambda name, limit, bounds: (
        f"{name} did not end within {limit.seconds:g} s, and was stopped",
        "see what it waits for: a provider, the backend or the network; the same command tries again"
        + (f"; `{limit.setting}` of terrace.yaml gives it longer" if limit.setting else ""),
    ),
    "stream": lambda name, limit, bounds: (
        f"{name} said more than {bounds.stream:,} bytes, and was stopped",
        "see what talks without end: a provider, or a program that a data source starts; split the stack if it is only"
        " large",
    ),
    "line": lambda name, limit, bounds: (
        f"{name} said a line of more than {bounds.line:,} bytes, and was stopped",
        "see which output or message is that long: a value of that size belongs into a file or a bucket",
    ),
    "errors": lambda name, limit, bounds: (
        f"{name} wrote more than {bounds.errors:,} bytes of errors, and was stopped",
        "see what talks without end: a provider, or TF_LOG in the environment",
    ),
}


class _Stop:
    """Stops a child that runs longer than its limit, or says more than its bounds."""

    def __init__(self, child: subprocess.Popen[bytes], limit: Limit, err: IO[bytes], errors: int) -> None:
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
        """Interrupt it, once more after the grace, and kill it at last unless it writes."""
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
        """Stop nothing any more: it has ended."""
        self._over.set()
        for timer in self._timers:
            timer.cancel()
        self._watch.join()

    def _bound_errors(self, err: IO[bytes], errors: int) -> None:
        while not self._over.wait(WATCH_SECONDS):
            found = os.fstat(err.fileno())
            if self.reason not in _SAYINGS and found.st_size <= errors:
                continue
            if not self.writes:
                self.now("errors")
            # A file with a hole: it goes on writing where it was, and what it said takes no room.
            if found.st_blocks * 512 > SHOWN_BYTES:
                # These may be its last words.
                self.cut = _last(err)
                os.ftruncate(err.fileno(), 0)

    def _interrupt(self) -> None:
        if self.child.poll() is None:
            _stop(self.child)

    def _kill(self) -> None:
        if self.child.poll() is None:
            # With its providers: it is the first of a session of its own.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.child.pid, signal.SIGKILL)


_Start = Callable[[int | IO[bytes]], _Stop]


def _captured(start: _Start, interruption: Interruption, size: int, name: str) -> tuple[int, bytes]:
    with start(subprocess.PIPE).child as child, interruption.telling(lambda: _stop(child)):
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


def _followed(start: _Start, interruption: Interruption, line: Callable[[bytes], None] | None, bounds: Bounds) -> int:
    # A file, not a pipe: who writes into a pipe that nobody reads any more is ended by it, whatever lock it holds.
    with private_file() as said:
        stop = start(said)
        with stop.child as child, interruption.telling(lambda: _stop(child)):
            heard = 0
            ended = False
            while not ended:
                ended = child.poll() is not None
                heard += _heard(said, heard, line, bounds, stop, ended=ended)
                if not ended:
                    time.sleep(POLL_SECONDS)
            return child.wait()


def _heard(
    said: IO[bytes], heard: int, line: Callable[[bytes], None] | None, bounds: Bounds, stop: _Stop, *, ended: bool
) -> int:
    """Hand on the lines that are new, and return how many bytes they have. Nothing is read once it said too much."""
    found = os.fstat(said.fileno())
    if line is None or stop.reason in _SAYINGS or found.st_size > bounds.stream:
        if line is not None and not stop.writes:
            stop.now("stream")
            stop.reason = stop.reason or "stream"
        if found.st_blocks * 512 > SHOWN_BYTES:
            os.ftruncate(said.fileno(), 0)
        return 0
    fresh = os.pread(said.fileno(), found.st_size - heard, heard)
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
    # It looks first whether the child has ended: from then on its number may be that of another process.
    child.send_signal(signal.SIGINT)
