"""A lock on a file of Terrace: one process works, and others wait for a limited time. The system releases the lock when
its holder ends for any reason. A holder that is suspended or blocked keeps it: waiting processes fail after the limit
and name the holder.
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
"""Maximum wait for another command on this machine, in seconds. An `init` that downloads takes minutes."""

_POLL_SECONDS = (0.01, 0.5)
_FLAGS = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
_LONGEST = 100


@contextlib.contextmanager
def file_lock(path: Path, subject: str, seconds: float = WAIT_SECONDS) -> Iterator[None]:
    """Holds the lock of a file while the context lasts; creates the file if needed. `subject` names the locked thing in
    messages ("the provider cache"). Raises NotReady where the lock is not free within that many seconds or the file
    cannot be opened; Interrupted after ^C.
    """
    try:
        descriptor = os.open(path, _FLAGS, 0o600)
    except OSError as error:
        raise NotReady(
            f"the lock {path} cannot be opened: {error.strerror}", hint="check the permissions of that folder"
        ) from error
    try:
        _wait(descriptor, path, subject, seconds)
        holder = f"{os.getpid()} {start_time(os.getpid())}\n".encode()
        # A full disk does not prevent locking: the lock is held, only without the name of its holder.
        with contextlib.suppress(OSError):
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, holder, 0)
        yield
    finally:
        os.close(descriptor)


def _wait(descriptor: int, path: Path, subject: str, seconds: float) -> None:
    end, (pause, longest) = time.monotonic() + seconds, _POLL_SECONDS
    while True:
        INTERRUPTION.check()
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            remaining = end - time.monotonic()
        if remaining <= 0:
            raise _busy_error(descriptor, path, subject, seconds)
        time.sleep(min(pause, remaining))
        pause = min(2 * pause, longest)


def _busy_error(descriptor: int, path: Path, subject: str, seconds: float) -> NotReady:
    number, _, started = os.pread(descriptor, _LONGEST, 0).decode("ascii", "replace").strip().partition(" ")
    is_running = number.isdecimal() and len(number) < 10 and process_state(int(number), started) == "running"
    who, find = (f"process {number}", f"ps -fp {number}") if is_running else ("another process", f"fuser -v {path}")
    return NotReady(
        f"{subject} is in use by {who} and was not free within {seconds:.0f} s: {path} is locked",
        hint=f"`{find}` shows that process; wait until it exits, or stop it if it hangs, then try again",
    )
