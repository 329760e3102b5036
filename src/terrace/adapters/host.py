"""Identifies this machine, its boot, its processes and its files, so that a copy is never confused with the original;
and measures its memory."""

from __future__ import annotations

import contextlib
import hashlib
import os
import signal
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

_PROC = Path("/proc")
_BOOT_ID = _PROC / "sys/kernel/random/boot_id"
_MACHINE_IDS = (Path("/etc/machine-id"), Path("/var/lib/dbus/machine-id"))

LOCAL_FILE_SYSTEMS = frozenset(
    {"apfs", "bcachefs", "btrfs", "ext2", "ext3", "ext4", "f2fs", "jfs", "overlay", "ramfs", "tmpfs", "xfs", "zfs"}
)
"""Types of file systems whose locks are visible to all processes of one kernel, and shared with no other machine.

On any other type (NFS, SMB, FUSE, 9P, ...) a free lock is not proof that its holder has ended.
"""

MEMORY_FILE_SYSTEMS = frozenset({"tmpfs", "ramfs"})
"""Types of file systems in the memory of one boot: a copy of a disk does not contain their files."""


@dataclass(frozen=True, slots=True)
class Host:
    """The machine and boot that this process runs on. An empty `boot` is unknown."""

    name: str
    machine: str
    boot: str


def host() -> Host:
    """Returns the identity of this machine and its boot. `machine` is a hash: the id itself is confidential."""
    machine_id = next((text for path in _MACHINE_IDS if (text := _text(path))), "")
    machine = hashlib.sha256(b"terrace machine " + machine_id.encode()).hexdigest()[:16] if machine_id else ""
    return Host(socket.gethostname(), machine, _text(_BOOT_ID))


def pid_namespace() -> str:
    """Returns the name of the PID namespace of this process; "" when /proc does not show this process.

    In another namespace the same pid is another process. A /proc that was mounted for another namespace shows other
    pids, so that it is not used.
    """
    try:
        if str((_PROC / "self").readlink()) != str(os.getpid()):
            return ""
        return str((_PROC / "self/ns/pid").readlink())
    except OSError:
        return ""


def start_time(pid: int) -> str:
    """Returns when a process started, in clock ticks since boot; "" where that is unknown or the process no longer
    exists."""
    fields = _stat(pid)
    return fields[19] if len(fields) > 19 else ""


ProcessState = Literal["gone", "running", "unknown"]


def process_state(pid: int, started: str) -> ProcessState:
    """Returns whether the process with that pid and start time runs, as seen from the same PID namespace."""
    if pid <= 0 or not started:
        return "unknown"
    fields = _stat(pid)
    if fields:
        if len(fields) < 20:
            return "unknown"
        if fields[19] != started:
            return "gone"
        return "gone" if fields[0] in ("Z", "X") and _threads(pid) <= 1 else "running"
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return "gone"
    except OSError:
        return "unknown"
    return "unknown"


def send_signal(pid: int, started: str, number: signal.Signals) -> bool:
    """Sends a signal to the process with that pid and start time; returns False where it no longer exists.

    Systems reuse pids. A pidfd always refers to the same process, so that no other one can receive the signal (Linux;
    elsewhere there is a moment between the check and the signal).
    """
    descriptor = _descriptor(pid)
    try:
        if process_state(pid, started) != "running":
            return False
        if descriptor is not None:
            signal.pidfd_send_signal(descriptor, number)
        else:
            os.kill(pid, number)
    except ProcessLookupError:
        return False
    finally:
        if descriptor is not None:
            os.close(descriptor)
    return True


def _descriptor(pid: int) -> int | None:
    """Returns a descriptor of a process; None where it does not exist, or the system or its sandbox provides none."""
    if not hasattr(os, "pidfd_open"):
        return None
    try:
        return os.pidfd_open(pid)
    except OSError:
        return None


def file_identity(status: os.stat_result) -> str:
    """Returns what distinguishes a file from a copy of it: its device, its inode, and the inode's change time.

    Content, names, modes and other times can be copied; no program can set the change time of an inode. The device
    distinguishes a mounted snapshot from the original. Its number can change at a boot, and identities are not compared
    across boots.
    """
    return f"{status.st_dev}:{status.st_ino}:{status.st_ctime_ns}"


def file_system(path: Path) -> str:
    """Returns the type of the file system of a path; "" where it is unknown."""
    try:
        real = os.path.realpath(path)
        lines = (_PROC / "self/mountinfo").read_text("utf-8", "surrogateescape").splitlines()
    except OSError:
        return ""
    best, kind = "", ""
    for line in lines:
        left, _, right = line.partition(" - ")
        parts = left.split()
        if len(parts) < 5 or not right:
            continue
        point = parts[4].encode("utf-8", "surrogateescape").decode("unicode_escape")
        if (real == point or real.startswith(point.rstrip("/") + "/")) and len(point) >= len(best):
            best, kind = point, right.split()[0]
    return kind


def sync_folder(path: Path) -> None:
    """Makes the entries of a folder durable."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_parents(path: Path) -> None:
    """Makes a folder and its parents durable, as far as this user can open them on the same device."""
    device = path.stat().st_dev
    for folder in (path, *path.parents):
        try:
            if folder.stat().st_dev != device:
                return
            sync_folder(folder)
        except PermissionError:
            return


def _stat(pid: int) -> list[str]:
    """Returns the fields of /proc/PID/stat after the program name, which may contain any character."""
    text = ""
    with contextlib.suppress(OSError):
        text = (_PROC / str(pid) / "stat").read_text("utf-8", "replace")
    return text.rpartition(")")[2].split()


def _threads(pid: int) -> int:
    try:
        return sum(1 for _ in (_PROC / str(pid) / "task").iterdir())
    except OSError:
        return 0


def _text(path: Path) -> str:
    with contextlib.suppress(OSError):
        return path.read_text("utf-8", "replace").strip()
    return ""


TERRAFORM_MEMORY = 1_200 * 2**20
"""Memory of one Terraform process with a large provider, in bytes. Measured: 930 MB for two concurrent AWS plans."""

FAST_LANE_MEMORY = 450 * 2**20
"""The same with the fast lane, which passes only a part of the provider schema. Measured: 310 MB per AWS plan."""

MAX_PROCESSES = 8


def concurrent_processes(memory: int = TERRAFORM_MEMORY) -> int:
    """Returns how many Terraform processes of that size run at the same time: limited by memory, cores and 8.

    A process with the fast lane computes little and waits for its cloud: two of those run per core.
    """
    cores = max(2, os.cpu_count() or 1)
    by_cores = cores if memory >= TERRAFORM_MEMORY else 2 * cores
    return max(1, min(_available_memory() // memory, by_cores, MAX_PROCESSES))


def _available_memory() -> int:
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2
