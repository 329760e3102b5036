"""Places for saved plans, states and what Terraform says: they hold secrets, so that they lie in memory where the
system has a place for that."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

_MEMORY = Path("/dev/shm")
_ROOM = 64 * 2**20


def private_folder(prefix: str) -> Path:
    """A new folder that only we may read: in memory where there is room, else among temporary files."""
    return Path(tempfile.mkdtemp(prefix=f"terrace-{prefix}-", dir=_place()))


def private_file() -> BinaryIO:
    """A file to which no path leads; it goes with the last process that has it open."""
    return cast(BinaryIO, tempfile.TemporaryFile(dir=_place()))


@contextlib.contextmanager
def private_stream(content: bytes) -> Iterator[BinaryIO]:
    """Something to read that content from which no path leads to."""
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
