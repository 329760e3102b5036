"""A lock on a file of ours: one process works, others wait, and not for ever.

The system frees the lock when its holder ends, however it ends. A holder that was stopped, or that waits itself for
something that never comes, keeps it: those who wait give up, and say which process it is.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path

from terrace.adapters.host import process_state, start_time
from terrace.adapters.interruption import INTERRUPTION
from terrace.errors import NotReady

WAIT_SECONDS = 900.0
"""How long a command waits for another one on this machine, in seconds: an `init` that downloads takes minutes."""

_POLL_SECONDS = (0.01, 0.5)
_FLAGS = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
_LONGEST = 100


@contextlib.contextmanager
def file_lock(path: Path, what: str, seconds: float = WAIT_SECONDS) -> Iterator[None]:
    """Hold the lock of a file while the context lasts; the file is made if it is not there.

    `what` names in a sentence what the lock is for ("the provider cache"). Raises NotReady when the lock is not free
    within so many seconds, and when the file cannot be opened; Interrupted after ^C.
    """
    try:
        descriptor = os.open(path, _FLAGS, 0o600)
    except OSError as error:
        raise NotReady(
            f"the lock {path} cannot be opened: {error.strerror}", hint="check the permissions of that folder"
        ) from error
    try:
        _wait(descriptor, path, what, seconds)
        here = f"{os.getpid()} {start_time(os.getpid())}\n".encode()
        # A full disk must not stop the work: the lock is held, and only the name of its holder is missing.
        with contextlib.suppress(OSError):
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, here, 0)
        yield
    finally:
        os.close(descriptor)


def _wait(descriptor: int, path: Path, what: str, seconds: float) -> None:
    end, (pause, longest) = time.monotonic() + seconds, _POLL_SECONDS
    while True:
        INTERRUPTION.check()
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            left = end - time.monotonic()
        if left <= 0:
            raise _busy(descriptor, path, what, seconds)
        time.sleep(min(pause, left))
        pause = min(2 * pause, longest)


def _busy(descriptor: int, path: Path, what: str, seconds: float) -> NotReady:
    number, _, started = os.pread(descriptor, _LONGEST, 0).decode("ascii", "replace").strip().partition(" ")
    known = number.isdecimal() and len(number) < 10 and process_state(int(number), started) == "running"
    who, find = (f"process {number}", f"ps -fp {number}") if known else ("another process", f"fuser -v {path}")
    return NotReady(
        f"{what} is in use by {who}, and was not free within {seconds:.0f} s: {path} is locked",
        hint=f"`{find}` shows that process; wait until it has ended, or end it if it stands still, and try again",
    )
