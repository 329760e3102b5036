"""A program that may be given anything: its time, its memory and its output have limits, and each one is told apart."""

from __future__ import annotations

import subprocess
import tempfile
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from terrace.adapters.process import Finished
from terrace.errors import NotReady

_PIECE = 1 << 20


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds, bytes of memory, bytes of output."""

    seconds: float
    memory: int
    output: int


class TooMuch(NotReady):
    """A limit was reached, and the program was ended. `what` is time, memory or output."""

    def __init__(self, message: str, what: str) -> None:
        super().__init__(message)
        self.what = what


def bounded(
    argv: Sequence[str], limits: Limits, *, cwd: Path | None = None, stdin: bytes = b"", env: Mapping[str, str]
) -> Finished:
    """Run to the end. Raises TooMuch at the first limit, NotReady when the program cannot be run."""
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as said:
        given.write(stdin)
        given.seek(0)
        try:
            child = subprocess.Popen(argv, cwd=cwd, env=dict(env), stdin=given, stdout=subprocess.PIPE, stderr=said)
        except OSError as error:
            raise NotReady(f"{argv[0]} cannot be run: {error.strerror}") from error
        _confine(child.pid, limits.memory)
        late = threading.Event()

        def end() -> None:
            late.set()
            child.kill()

        timer = threading.Timer(limits.seconds, end)
        timer.start()
        try:
            out = _read(child.stdout, limits.output) if child.stdout else b""
            if out is None:
                raise TooMuch(f"they say more than {limits.output >> 20} MB", "output")
            code = child.wait()
        finally:
            timer.cancel()
            child.kill()
            child.wait()
            if child.stdout:
                child.stdout.close()
        if late.is_set():
            raise TooMuch("they took too long", "time")
        said.seek(0)
        err = said.read(_PIECE)
    if code != 0 and not out and any(word in err for word in (b"out of memory", b"cannot allocate memory")):
        raise TooMuch(f"they need more than {limits.memory >> 20} MB of memory", "memory")
    return Finished(code, out, err)


def _confine(pid: int, memory: int) -> None:
    """Where the system can limit another process; elsewhere Go's own limit is all there is."""
    import resource

    if not hasattr(resource, "prlimit"):
        return
    try:
        resource.prlimit(pid, resource.RLIMIT_AS, (memory, memory))
        resource.prlimit(pid, resource.RLIMIT_CORE, (0, 0))
    except (OSError, ValueError):
        # It has ended already, or the limit of whoever started us is lower.
        return


def _read(pipe: IO[bytes], most: int) -> bytes | None:
    pieces = []
    size = 0
    while piece := pipe.read(_PIECE):
        size += len(piece)
        if size > most:
            return None
        pieces.append(piece)
    return b"".join(pieces)
