"""Private folders for runs of programs that can leave any files behind."""

from __future__ import annotations

import contextlib
import fcntl
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

_YOUNG_SECONDS = 60.0
_FOLDER = os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@contextlib.contextmanager
def run_folder(runs: Path) -> Iterator[Path]:
    """Yields a private folder for one run and removes it afterwards. Folders of processes that were killed are removed
    too."""
    runs.mkdir(parents=True, exist_ok=True, mode=0o700)
    for old in runs.iterdir():
        _sweep(old)
    folder = Path(tempfile.mkdtemp(dir=runs))
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield folder
    finally:
        demolish(folder)
        os.close(descriptor)


def _sweep(folder: Path) -> None:
    """Removes the folder of a run whose process has ended. A new one may not be locked yet."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            if time.time() - os.fstat(descriptor).st_mtime > _YOUNG_SECONDS:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                demolish(folder)
        finally:
            os.close(descriptor)


def demolish(folder: Path) -> None:
    """Removes a folder with whatever a program left there, of any depth and with any rights.

    Files that cannot be removed stay. No link is followed, also where the program still runs and swaps folders for
    links.
    """
    with contextlib.suppress(OSError):
        top = _open(folder, None)
        try:
            while _empty(top):
                pass
        finally:
            os.close(top)
        folder.rmdir()


def _empty(top: int) -> bool:
    """Removes all files of a folder, and one level of its folders. Returns whether a folder was removed."""
    removed = False
    for name, is_folder in _list(top):
        with contextlib.suppress(OSError):
            if not is_folder:
                os.unlink(name, dir_fd=top)
                continue
            descriptor = _open(name, top)
            try:
                _bring_up(descriptor, top)
            finally:
                os.close(descriptor)
            os.rmdir(name, dir_fd=top)
            removed = True
    return removed


def _bring_up(descriptor: int, top: int) -> None:
    """Removes the files of a folder and moves its folders to the top, so that no path is too long at any depth."""
    for name, is_folder in _list(descriptor):
        with contextlib.suppress(OSError):
            if is_folder:
                # A folder can only be moved with write permission.
                os.close(_open(name, descriptor))
                os.rename(name, f".terrace-{os.urandom(8).hex()}", src_dir_fd=descriptor, dst_dir_fd=top)
            else:
                os.unlink(name, dir_fd=descriptor)


def _list(folder: int) -> list[tuple[str, bool]]:
    with os.scandir(folder) as entries:
        return [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]


def _open(name: Path | str, within: int | None) -> int:
    """Opens a folder that is not a link, and removes its write permissions."""
    try:
        opened = os.open(name, _FOLDER | os.O_RDONLY, dir_fd=within)
    except PermissionError:
        # Only the descriptor is reliable: the path may be a link to something else a moment later.
        unread = os.open(name, _FOLDER | getattr(os, "O_PATH", 0), dir_fd=within)
        try:
            Path(f"/proc/self/fd/{unread}").chmod(0o700)
            opened = os.open(f"/proc/self/fd/{unread}", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        finally:
            os.close(unread)
    if os.fstat(opened).st_mode & 0o700 != 0o700:
        os.fchmod(opened, 0o700)
    return opened
