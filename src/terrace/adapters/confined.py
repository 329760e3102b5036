"""Runs a third-party program on untrusted content: without credentials and home, with limits of time, memory, output
and disk."""

from __future__ import annotations

import contextlib
import errno
import os
import resource
import signal
import subprocess
import sys
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
"""Default time limit of a run, in seconds."""


@dataclass(frozen=True, slots=True)
class Disk:
    """Folders that a program writes to, with a limit for their total size and number of files. They are also full where
    their disk is almost full: an open file without a name is not in a folder.
    """

    folders: tuple[Path, ...]
    size: int
    files: int = 500_000

    def is_full(self) -> bool:
        """Returns whether the limits are exceeded. Only folders are opened, and no link is followed."""
        size = files = 0
        if any(_is_disk_full(folder) for folder in self.folders):
            return True
        queue = [os.fspath(folder) for folder in self.folders]
        while queue:
            try:
                with os.scandir(queue.pop()) as listed:
                    for entry in listed:
                        if entry.is_dir(follow_symlinks=False):
                            queue.append(entry.path)
                        with contextlib.suppress(OSError):
                            size += 512 * entry.stat(follow_symlinks=False).st_blocks
                        files += 1
                        if size > self.size or files > self.files:
                            return True
            except OSError as error:
                # Entries change during the walk. Only a folder that cannot be read, which may contain anything, exceeds
                # the limit.
                if error.errno in (errno.ENAMETOOLONG, errno.EACCES):
                    return True
        return False


def _is_disk_full(folder: Path) -> bool:
    try:
        disk = os.statvfs(folder)
    except OSError:
        return False
    return disk.f_bavail * disk.f_frsize < min(_ROOM, disk.f_blocks * disk.f_frsize // 20)


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of one run: seconds, bytes of output, bytes of memory (Linux only; None: no limit), and disk space."""

    seconds: float = SECONDS
    output: int = 256 * 1024 * 1024
    memory: int | None = None
    disk: Disk | None = None


class LimitExceeded(NotReady):
    """The program exceeded a limit and was stopped. `what` is time, output, memory or disk."""

    def __init__(self, message: str, what: Literal["time", "output", "memory", "disk"]) -> None:
        super().__init__(message)
        self.what = what


NOWHERE = "http://127.0.0.1:9"
"""A proxy that does not exist: programs that respect proxies cannot reach any network."""

_ROOM = 2**30
"""Number of bytes of a disk that are left to others; of a small disk, a twentieth."""
_POLL = 0.02
_DISK_POLL = 0.5
_LOOKED_AT = 1 << 20
# A message about a thread that cannot be created means that there is no memory for its stack.
_NO_MEMORY = (b"out of memory", b"cannot allocate memory", b"pthread_create failed", b"failed to create new OS thread")
_CRASHES = (-signal.SIGSEGV, -signal.SIGBUS, -signal.SIGABRT)
_CRASH_WORDS = (b"SIGSEGV: segmentation violation", b"fatal error: ")
_USUAL = Limits()


def confinement(path: str, home: Path) -> dict[str, str]:
    """Returns the complete environment of a confined program: PATH, an empty home, and a proxy that leads nowhere."""
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


def run_confined(
    argv: Sequence[str | Path],
    *,
    cwd: Path,
    env: Mapping[str, str],
    limits: Limits = _USUAL,
    stdin: bytes = b"",
    name: str = "",
) -> Finished:
    """Runs a program to its end and returns its result with any exit code. It has a process group of its own, which is
    killed after it. `name` is its name in messages, by default the program's. Raises LimitExceeded at the first limit,
    NotReady where it cannot be run.
    """
    name = name or Path(argv[0]).name
    with tempfile.TemporaryFile() as source, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        source.write(stdin)
        source.seek(0)
        INTERRUPTION.check()
        child = _start(argv, cwd, env, (source, out, err))
        try:
            if limits.memory is not None:
                _limit_memory(child.pid, limits.memory)
            with INTERRUPTION.call_on_interrupt(lambda: _kill(child)):
                sampled = _wait(child, name, (out, err), limits)
        finally:
            # Processes that it left in its group are killed too: no one reads their output.
            _kill(child)
            peak = _reap(child)
        INTERRUPTION.check()
        done = Finished(child.returncode, _read(out), _read(err))
    if limits.memory is not None and _lacked_memory(done, max(peak, sampled), limits.memory):
        raise LimitExceeded(f"{name} needs more than {limits.memory >> 20} MB of memory", "memory")
    return done


def _lacked_memory(done: Finished, peak: int, memory: int) -> bool:
    """Returns whether a run ended because it got no more memory: it says so, or it crashed and had held a third of it.
    Not every runtime checks the result of an allocation: the garbage collector of Go 1.26 reads address 0 then."""
    message = done.err[:_LOOKED_AT]
    if done.code == 0:
        return False
    crashed = done.code in _CRASHES or any(word in message for word in _CRASH_WORDS)
    return any(word in message for word in _NO_MEMORY) or (crashed and peak >= memory // 3)


def _reap(child: subprocess.Popen[bytes]) -> int:
    """Waits for the end of the process and returns its largest memory in bytes, 0 if unknown."""
    if not hasattr(os, "wait4"):
        child.wait()
        return 0
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    # Linux counts what this process had when it started the other one as memory of that one.
    if usage.ru_maxrss <= resource.getrusage(resource.RUSAGE_SELF).ru_maxrss:
        return 0
    return int(usage.ru_maxrss) * (1 if sys.platform == "darwin" else 1024)


def _kill(child: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)


def _limit_memory(pid: int, memory: int) -> None:
    """Sets the limit where the system can limit another process. Elsewhere only limits that the program sets itself
    apply."""
    import resource

    if not hasattr(resource, "prlimit"):
        return
    # The process may have exited, or the inherited limit may be lower. Reserved address space is not counted: Go and
    # malloc reserve gigabytes per processor.
    with contextlib.suppress(OSError, ValueError):
        resource.prlimit(pid, resource.RLIMIT_DATA, (memory, memory))
        resource.prlimit(pid, resource.RLIMIT_CORE, (CORE_BYTES, CORE_BYTES))


def _start(
    argv: Sequence[str | Path], cwd: Path, env: Mapping[str, str], ends: tuple[IO[bytes], IO[bytes], IO[bytes]]
) -> subprocess.Popen[bytes]:
    stdin, out, err = ends
    try:
        return subprocess.Popen(
            [os.fspath(part) for part in argv],
            cwd=cwd,
            env=dict(env),
            stdin=stdin,
            stdout=out,
            stderr=err,
            start_new_session=True,
        )
    except OSError as error:
        raise NotReady(f"{argv[0]} cannot be run: {error.strerror}", hint="reinstall it") from error


def _memory(pid: int) -> int:
    """Returns the largest memory of a running process so far in bytes, 0 if unknown. It excludes the memory of the
    parent process, which `wait4` includes."""
    with contextlib.suppress(OSError, ValueError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return 0


def _wait(child: subprocess.Popen[bytes], name: str, outputs: tuple[IO[bytes], ...], limits: Limits) -> int:
    """Waits until the process has exited, and returns its largest memory in bytes as far as it was seen. Raises
    LimitExceeded."""
    end = time.monotonic() + limits.seconds
    pause, looks = _POLL / 32, time.monotonic() + _DISK_POLL
    peak = 0
    while True:
        if limits.memory is not None:
            peak = max(peak, _memory(child.pid))
        ended = _has_exited(child)
        if any(os.fstat(output.fileno()).st_size > limits.output for output in outputs):
            raise LimitExceeded(f"{name} printed more than {limits.output:,} bytes and was stopped", "output")
        if ended:
            return peak
        if limits.disk is not None and time.monotonic() > looks:
            if limits.disk.is_full():
                size = f"{limits.disk.size:,} bytes"
                raise LimitExceeded(
                    f"{name} wrote more than {size}, too many files, or more than the free space of the disk", "disk"
                )
            looks = time.monotonic() + _DISK_POLL
        if time.monotonic() > end:
            raise LimitExceeded(f"{name} did not finish within {limits.seconds:g} s and was stopped", "time")
        time.sleep(pause)
        pause = min(2 * pause, _POLL)


def _has_exited(child: subprocess.Popen[bytes]) -> bool:
    """Returns whether the process exited, without reaping it: until then no other process gets its pid or group."""
    if not hasattr(os, "waitid"):
        return child.poll() is not None
    return os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _read(file: IO[bytes]) -> bytes:
    file.seek(0)
    return file.read()
