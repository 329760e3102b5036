"""Runs a program that is not ours on content that is not ours: no credentials, no home, an end to time and the rest."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal

from terrace.adapters.hardening import CORE_BYTES
from terrace.adapters.interruption import INTERRUPTION
from terrace.adapters.process import Finished
from terrace.errors import NotReady

SECONDS = 300
"""Default time limit of one run."""


@dataclass(frozen=True, slots=True)
class Disk:
    """Folders that a program writes to, with how many bytes and how many files they may hold together.

    They are also full where their disk is nearly: a file that is open and has no name is in no folder.
    """

    folders: tuple[Path, ...]
    size: int
    files: int = 500_000

    def is_full(self) -> bool:
        """Whether they hold more. Nothing that is there is followed or opened but folders."""
        size = files = 0
        if any(_has_no_room(folder) for folder in self.folders):
            return True
        left = [os.fspath(folder) for folder in self.folders]
        while left:
            try:
                with os.scandir(left.pop()) as listed:
                    for entry in listed:
                        if entry.is_dir(follow_symlinks=False):
                            left.append(entry.path)
                        with contextlib.suppress(OSError):
                            size += 512 * entry.stat(follow_symlinks=False).st_blocks
                        files += 1
                        if size > self.size or files > self.files:
                            return True
            except OSError as error:
                # It changes while it is looked at; only what cannot be looked at, and may hold anything, is too much.
                if error.errno in (errno.ENAMETOOLONG, errno.EACCES):
                    return True
        return False


def _has_no_room(folder: Path) -> bool:
    try:
        disk = os.statvfs(folder)
    except OSError:
        return False
    return disk.f_bavail * disk.f_frsize < min(_ROOM, disk.f_blocks * disk.f_frsize // 20)


@dataclass(frozen=True, slots=True)
class Limits:
    """What one run may take: seconds, bytes that it says, bytes of memory (on Linux; None: no limit), room on disk."""

    seconds: float = SECONDS
    output: int = 256 * 1024 * 1024
    memory: int | None = None
    disk: Disk | None = None


class TooMuch(NotReady):
    """A limit was reached, and the program was ended. `what` is time, output, memory or disk."""

    def __init__(self, message: str, what: Literal["time", "output", "memory", "disk"]) -> None:
        super().__init__(message)
        self.what = what


NOWHERE = "http://127.0.0.1:9"
"""An unreachable proxy: programs that use proxies have no network."""

_ROOM = 2**30
"""How many bytes of a disk are left to others; of a small one, a twentieth."""
_POLL = 0.02
_DISK_POLL = 0.5
_LOOKED_AT = 1 << 20
# A thread that finds no room for its stack says that it cannot be made.
_NO_MEMORY = (b"out of memory", b"cannot allocate memory", b"pthread_create failed", b"failed to create new OS thread")
_USUAL = Limits()


def confinement(path: str, home: Path) -> dict[str, str]:
    """Returns the whole environment of a confined program: PATH, an empty home, and an unreachable proxy."""
    proxies = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), NOWHERE)
    return {
        "PATH": path,
        "HOME": str(home),
        "TMPDIR": str(home),
        "XDG_CACHE_HOME": str(home / ".cache"),
        "LANG": "C.UTF-8",
        "PYTHONIOENCODING": "utf-8",
        **proxies,
        **{name.lower(): value for name, value in proxies.items()},
    }


def confined(
    argv: Sequence[str | Path],
    *,
    cwd: Path,
    env: Mapping[str, str],
    limits: Limits = _USUAL,
    stdin: bytes = b"",
    name: str = "",
) -> Finished:
    """Run to the end and return whatever the exit code is. It is in a process group of its own, which ends with it.

    `name` is what it is called in messages, the program's if not said.

    Raises TooMuch at the first limit, and NotReady when it cannot be run.
    """
    name = name or Path(argv[0]).name
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        given.write(stdin)
        given.seek(0)
        INTERRUPTION.check()
        child = _started(argv, cwd, env, (given, out, err))
        try:
            if limits.memory is not None:
                _limit_memory(child.pid, limits.memory)
            with INTERRUPTION.telling(lambda: _kill(child)):
                _wait(child, name, (out, err), limits)
        finally:
            # The rest of its process group is terminated too: nothing reads it any more.
            _kill(child)
            child.wait()
        INTERRUPTION.check()
        done = Finished(child.returncode, _read(out), _read(err))
    if done.code != 0 and limits.memory is not None and any(word in done.err[:_LOOKED_AT] for word in _NO_MEMORY):
        raise TooMuch(f"{name} needs more than {limits.memory >> 20} MB of memory", "memory")
    return done


def _kill(child: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)


def _limit_memory(pid: int, memory: int) -> None:
    """Limits another process if the system supports it; otherwise only the program's own limit applies."""
    import resource

    if not hasattr(resource, "prlimit"):
        return
    # It may have ended already, or the limit of whoever started us is lower. What is only reserved, as Go and malloc
    # do by the gigabyte for each processor, does not count.
    with contextlib.suppress(OSError, ValueError):
        resource.prlimit(pid, resource.RLIMIT_DATA, (memory, memory))
        resource.prlimit(pid, resource.RLIMIT_CORE, (CORE_BYTES, CORE_BYTES))


def _started(
    argv: Sequence[str | Path], cwd: Path, env: Mapping[str, str], ends: tuple[IO[bytes], IO[bytes], IO[bytes]]
) -> subprocess.Popen[bytes]:
    given, out, err = ends
    try:
        return subprocess.Popen(
            [os.fspath(part) for part in argv],
            cwd=cwd,
            env=dict(env),
            stdin=given,
            stdout=out,
            stderr=err,
            start_new_session=True,
        )
    except OSError as error:
        raise NotReady(f"{argv[0]} cannot be run: {error.strerror}", hint="reinstall it") from error


def _wait(child: subprocess.Popen[bytes], name: str, said: tuple[IO[bytes], ...], limits: Limits) -> None:
    end = time.monotonic() + limits.seconds
    pause, looks = _POLL / 32, time.monotonic() + _DISK_POLL
    while True:
        ended = _has_ended(child)
        if any(os.fstat(one.fileno()).st_size > limits.output for one in said):
            raise TooMuch(f"{name} said more than {limits.output:,} bytes, and was stopped", "output")
        if ended:
            return
        if limits.disk is not None and time.monotonic() > looks:
            if limits.disk.is_full():
                size = f"{limits.disk.size:,} bytes"
                raise TooMuch(
                    f"{name} wrote more than {size}, too many files, or more than the disk has room for", "disk"
                )
            looks = time.monotonic() + _DISK_POLL
        if time.monotonic() > end:
            raise TooMuch(f"{name} did not end within {limits.seconds:g} s, and was stopped", "time")
        time.sleep(pause)
        pause = min(2 * pause, _POLL)


def _has_ended(child: subprocess.Popen[bytes]) -> bool:
    """Returns whether it has exited. It is not waited for yet: until then its number, and that of its group, is no
    other one's.
    """
    if not hasattr(os, "waitid"):
        return child.poll() is not None
    return os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _read(file: IO[bytes]) -> bytes:
    file.seek(0)
    return file.read()
