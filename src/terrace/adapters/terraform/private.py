"""Private folders for saved plans, states and Terraform's output. They contain secrets, so that they are in memory
where the system has a file system for that. Each folder has a random name and a lock that its owner holds. The system
releases the lock when the owner ends for any reason; leftovers are removed by the next start of Terrace (`sweep`).
The lock is passed to a runner together with the saved plan that it applies (`lock_of`, `hand_over`).
"""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import os
import secrets
import shutil
import signal
import stat
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import BinaryIO, cast

_MEMORY = Path("/dev/shm")
_ROOM = 64 * 2**20
_PREFIX = "terrace-"
_LOCK = ".terrace-private"
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC

_held: dict[Path, int] = {}


def private_folder(prefix: str) -> Path:
    """Creates a folder that only this user can read: in memory where there is space, else among the temporary files. It
    belongs to this process until `discard` or `hand_over`, and is removed when the process ends.
    """
    place = _place() or Path(tempfile.gettempdir())
    name = f"{_PREFIX}{prefix}-{secrets.token_hex(8)}"
    # `sweep` ignores this name: the folder never has its final name without its lock.
    fresh = place / f".{name}"
    fresh.mkdir(mode=0o700)
    lock = os.open(fresh / _LOCK, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    folder = place / name
    _held[folder] = lock
    fresh.rename(folder)
    return folder


def discard(folder: Path) -> None:
    """Removes a private folder with everything in it. A missing one is not an error."""
    with contextlib.suppress(OSError):
        _remove(os.fspath(folder))
    hand_over(folder)


def _remove(folder: str, parent: int | None = None) -> None:
    """Removes a folder, its lock last: if this process is killed in between, the next one still recognizes the rest."""
    inside = os.open(folder, _FOLDER, dir_fd=parent)
    try:
        with os.scandir(inside) as listed:
            names = [entry.name for entry in listed if entry.name != _LOCK]
        for name in names:
            _remove_entry(name, inside)
        os.unlink(_LOCK, dir_fd=inside)
    finally:
        os.close(inside)
    os.rmdir(folder, dir_fd=parent)


def _remove_entry(name: str, parent: int) -> None:
    if stat.S_ISDIR(os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode):
        shutil.rmtree(name, dir_fd=parent)
    else:
        os.unlink(name, dir_fd=parent)


def lock_of(folder: Path) -> tuple[int, ...]:
    """Returns the descriptor of the lock of a private folder, to pass it to another process; none for other folders."""
    return (_held[folder],) if folder in _held else ()


def hand_over(folder: Path) -> None:
    """Forgets a folder that now belongs to another process, which removes it."""
    lock = _held.pop(folder, None)
    if lock is not None:
        os.close(lock)


def discard_all() -> None:
    """Removes all private folders of this process."""
    for folder in tuple(_held):
        discard(folder)


atexit.register(discard_all)


def sweep() -> None:
    """Removes the folders of killed processes of this user: those whose lock is free. Does not follow links."""
    for place in {_MEMORY, Path(tempfile.gettempdir())}:
        with contextlib.suppress(OSError):
            _sweep(place)


def _sweep(place: Path) -> None:
    parent = os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with os.scandir(parent) as listed:
            names = [entry.name for entry in listed if entry.name.startswith(_PREFIX)]
        for name in names:
            with contextlib.suppress(OSError):
                _sweep_one(parent, name)
    finally:
        os.close(parent)


def _sweep_one(parent: int, name: str) -> None:
    folder = os.open(name, _FOLDER, dir_fd=parent)
    try:
        if os.fstat(folder).st_uid != os.geteuid():
            return
        lock = os.open(_LOCK, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK, dir_fd=folder)
    finally:
        os.close(folder)
    try:
        if stat.S_ISREG(os.fstat(lock).st_mode):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _remove(name, parent)
    finally:
        os.close(lock)


@contextlib.contextmanager
def removed_on_signals() -> Iterator[None]:
    """While the context lasts, SIGTERM and SIGHUP remove the private folders before they end this process."""
    before = {}
    main = threading.current_thread() is threading.main_thread()
    for number in (signal.SIGTERM, signal.SIGHUP) if main else ():
        # `nohup` ignores SIGHUP, and that is kept.
        if signal.getsignal(number) is signal.SIG_DFL:
            before[number] = signal.signal(number, _end)
    try:
        yield
    finally:
        for number, handler in before.items():
            if signal.getsignal(number) is _end:
                signal.signal(number, handler)


def _end(number: int, frame: FrameType | None) -> None:
    discard_all()
    signal.signal(number, signal.SIG_DFL)
    signal.raise_signal(signal.Signals(number))


def private_file() -> BinaryIO:
    """Returns a file without a path. It disappears when the last process closes it."""
    return cast(BinaryIO, tempfile.TemporaryFile(dir=_place()))


@contextlib.contextmanager
def private_stream(content: bytes) -> Iterator[BinaryIO]:
    """Returns an open file without a path that contains the content."""
    with private_file() as file:
        file.write(content)
        file.seek(0)
        yield file


def _place() -> Path | None:
    try:
        room = os.statvfs(_MEMORY)
    except OSError:
        return None
    free = room.f_bavail * room.f_frsize
    return _MEMORY if free >= _ROOM and os.access(_MEMORY, os.W_OK) else None
