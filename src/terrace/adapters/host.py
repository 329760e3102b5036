"""Identifies this machine, its boot, its processes and its files, so that a copy is never mistaken for the original."""

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
"""Types of file systems whose locks all processes of one kernel see, and no other machine shares.

On any other type (NFS, SMB, FUSE, 9P, ...) a lock that is free proves nothing.
"""

MEMORY_FILE_SYSTEMS = frozenset({"tmpfs", "ramfs"})
"""Types of file systems that live in the memory of one boot: no copy of a disk brings their files back."""


@dataclass(frozen=True, slots=True)
class Host:
    """The machine and boot that this process runs on. An empty `boot` means that the system does not tell."""

    name: str
    machine: str
    boot: str


def host() -> Host:
    """Returns the identity of this machine and its boot. `machine` is a hash: the id itself is confidential."""
    found = next((text for path in _MACHINE_IDS if (text := _text(path))), "")
    machine = hashlib.sha256(b"terrace machine " + found.encode()).hexdigest()[:16] if found else ""
    return Host(socket.gethostname(), machine, _text(_BOOT_ID))


def pid_namespace() -> str:
    """Returns the name of the PID namespace of this process; "" when /proc does not show this process.

    In another namespace the same number is another process. A /proc that was mounted for another namespace shows other
    numbers, so nothing in it is trusted.
    """
    try:
        if str((_PROC / "self").readlink()) != str(os.getpid()):
            return ""
        return str((_PROC / "self/ns/pid").readlink())
    except OSError:
        return ""


def start_time(pid: int) -> str:
    """Returns when a process started, in clock ticks since boot; "" when the system does not tell or it is gone."""
    fields = _stat(pid)
    return fields[19] if len(fields) > 19 else ""


ProcessState = Literal["gone", "running", "unknown"]


def process_state(pid: int, started: str) -> ProcessState:
    """Returns whether the process of that number and start time is running, as seen from the same PID namespace."""
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
    """Send a signal to the process of that number and start time; False where it is gone, or another one by now.

    Numbers are given again soon where a system has few. A descriptor of a process leads to no other one, so that
    nothing can take its place between the look and the signal (Linux; elsewhere that moment remains).
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
    """A descriptor of a process; None where there is none such, or where the system or its sandbox gives none."""
    if not hasattr(os, "pidfd_open"):
        return None
    try:
        return os.pidfd_open(pid)
    except OSError:
        return None


def file_identity(found: os.stat_result) -> str:
    """Returns what tells a file from a copy of it: its device, its inode, and when that was last changed.

    Content, names, modes and times can be copied; no program can set the time of an inode's last change. The device
    tells a mounted snapshot from the original. It may be numbered anew by a boot, and nothing is compared across one.
    """
    return f"{found.st_dev}:{found.st_ino}:{found.st_ctime_ns}"


def file_system(path: Path) -> str:
    """Returns the type of the file system that a path lies on; "" when the system does not tell."""
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
    """Makes a folder and every folder above it durable, as far as this user may open them on the same device."""
    device = path.stat().st_dev
    for folder in (path, *path.parents):
        try:
            if folder.stat().st_dev != device:
                return
            sync_folder(folder)
        except PermissionError:
            return


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat after the name of the program, which may hold anything."""
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
