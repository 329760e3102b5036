"""Private folders for runs of programs that may leave anything behind."""

from __future__ import annotations

import contextlib
import fcntl
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

_YOUNG_SECONDS = 60.0


@contextlib.contextmanager
def run_folder(runs: Path) -> Iterator[Path]:
    """Yields a private folder for one run, which is gone afterwards. Those of processes that died are removed."""
    runs.mkdir(parents=True, exist_ok=True, mode=0o700)
    for old in runs.iterdir():
        _sweep(old)
    folder = Path(tempfile.mkdtemp(dir=runs))
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield folder
    finally:
        demolish(folder)
        os.close(descriptor)


def _sweep(folder: Path) -> None:
    """Remove the folder of a run whose process is gone. A young one may not be locked yet."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            if time.time() - os.fstat(descriptor).st_mtime > _YOUNG_SECONDS:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                demolish(folder)
        finally:
            os.close(descriptor)


def demolish(folder: Path) -> None:
    """Removes a folder with whatever a program left there, of any depth and with any rights. No link is followed.

    What cannot be removed stays.
    """
    left = [folder]
    number = 0
    while left:
        here = left.pop()
        try:
            entries = _opened(here)
        except OSError:
            continue
        for entry in entries:
            with contextlib.suppress(OSError):
                path = Path(entry.path)
                if not entry.is_dir(follow_symlinks=False):
                    path.unlink()
                elif here == folder:
                    left.append(path)
                else:
                    # Brought up, so that no path becomes too long however deep it lies.
                    number += 1
                    path.chmod(0o700)
                    up = folder / f".terrace-{number}-{os.urandom(4).hex()}"
                    path.rename(up)
                    left.append(up)
        if here != folder:
            with contextlib.suppress(OSError):
                here.rmdir()
    with contextlib.suppress(OSError):
        folder.rmdir()


def _opened(folder: Path) -> list[os.DirEntry[str]]:
    if folder.is_symlink():
        return []
    folder.chmod(0o700)
    with os.scandir(folder) as listed:
        return list(listed)
