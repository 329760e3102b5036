"""Permits to start an apply: files in the memory of this boot, each of which exactly one process can take.

    NONCE not taken: the apply was not started
    NONCE.taken       the runner took it, right before it starts Terraform
    NONCE.withdrawn withdrawn: the apply was not started, and never will be

A rename decides who is first. No copy, backup or snapshot of a disk contains these files, and they do not survive a
reboot. A permit that is missing, or is another file than the one in the ledger, is not evidence.
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
from pathlib import Path
from typing import Literal

from terrace.adapters.host import MEMORY_FILE_SYSTEMS, file_system

MEMORY = Path("/dev/shm")

NONCE = re.compile(r"[0-9a-f]{32}")

State = Literal["free", "taken", "withdrawn", "lost"]


class Permits:
    """The permits of this user. `memory` is a folder on a file system in memory."""

    def __init__(self, memory: Path = MEMORY) -> None:
        self._memory = memory
        self._folder = memory / f"terrace-permits-{os.getuid()}"

    def issue(self, nonce: str) -> str:
        """Creates a permit and returns its identity; "" where there is no private folder in memory."""
        if not self._usable():
            return ""
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            descriptor = os.open(self._path(nonce), flags, 0o600)
        except OSError:
            return ""
        try:
            return _identity(os.fstat(descriptor))
        finally:
            os.close(descriptor)

    def take(self, nonce: str, identity: str) -> bool:
        """Takes a permit. Returns False where it was withdrawn or lost: then nothing may be started."""
        return self._move(nonce, identity, ".taken")

    def withdraw(self, nonce: str, identity: str) -> bool:
        """Withdraws a permit. Returns True where no runner has taken it or ever can."""
        return self._move(nonce, identity, ".withdrawn") or self.state(nonce, identity) == "withdrawn"

    def state(self, nonce: str, identity: str) -> State:
        """Returns the state of a permit."""
        if not identity or not self._usable():
            return "lost"
        for state, ending in (("free", ""), ("taken", ".taken"), ("withdrawn", ".withdrawn")):
            if self._is(self._path(nonce, ending), identity):
                return state  # type: ignore[return-value]
        return "lost"

    def note(self, nonce: str, size: int) -> None:
        """Records the minimum length of the log in a taken permit."""
        with contextlib.suppress(OSError):
            descriptor = os.open(self._path(nonce, ".taken"), os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                os.pwrite(descriptor, f"{size:020d}".encode(), 0)
            finally:
                os.close(descriptor)

    def read_length(self, nonce: str, identity: str) -> int | None:
        """Returns the minimum length of the log of a taken permit; None where the permit is lost."""
        path = self._path(nonce, ".taken")
        if not identity or not self._usable() or not self._is(path, identity):
            return None
        try:
            text = path.read_bytes()
        except OSError:
            return None
        return int(text) if text.isdigit() else 0 if not text else None

    def clear(self, nonce: str) -> None:
        """Removes a permit that is no longer needed as evidence."""
        for ending in ("", ".taken", ".withdrawn"):
            with contextlib.suppress(OSError):
                self._path(nonce, ending).unlink()

    def _move(self, nonce: str, identity: str, ending: str) -> bool:
        path, goal = self._path(nonce), self._path(nonce, ending)
        if not identity or not self._usable() or not self._is(path, identity):
            return False
        try:
            path.rename(goal)
        except OSError:
            return False
        return self._is(goal, identity)

    def _path(self, nonce: str, ending: str = "") -> Path:
        if NONCE.fullmatch(nonce) is None:
            raise ValueError(f"{nonce!r} is not a valid nonce")
        return self._folder / f"{nonce}{ending}"

    def _is(self, path: Path, identity: str) -> bool:
        try:
            return _identity(path.lstat()) == identity
        except OSError:
            return False

    def _usable(self) -> bool:
        """Returns whether the folder exists, is in memory, and belongs to this user alone."""
        try:
            self._folder.mkdir(mode=0o700, exist_ok=True)
            status = self._folder.lstat()
        except OSError:
            return False
        private = stat.S_ISDIR(status.st_mode) and status.st_uid == os.getuid() and not status.st_mode & 0o077
        return private and file_system(self._folder) in MEMORY_FILE_SYSTEMS


def _identity(status: os.stat_result) -> str:
    # Not the change time of the inode, since a rename changes it. Inode numbers in memory are not reused.
    return f"{status.st_dev}:{status.st_ino}"
