"""Files of the working tree, read and written so that nobody ever sees half of one, and nothing outside is touched."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path

from terrace.errors import BadInput, NotReady, Place


def read_plain(root: Path, path: str) -> bytes | None:
    """The content of a file of the repository; None when there is none. Raises BadInput where a link is on the way,
    or where something else than a file stands."""
    target = inside(root, path)
    try:
        mode = target.lstat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return None
    if not stat.S_ISREG(mode):
        raise BadInput("it is not a plain file", hint="make it one, or leave it out", place=Place(path))
    return target.read_bytes()


def write_whole(root: Path, path: str, content: bytes) -> None:
    """Write a file of the repository at once: whenever it stops, the old or the new content is there.

    Raises BadInput where a link is on the way, NotReady where it cannot be written.
    """
    target = inside(root, path)
    try:
        handle, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".part", dir=target.parent)
        part = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            part.chmod(stat.S_IMODE(target.stat().st_mode) if target.exists() else 0o666 & ~_umask())
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise NotReady(f"it cannot be written: {error.strerror}", place=Place(path)) from error


def inside(root: Path, path: str) -> Path:
    """Where a path of the repository is. Raises BadInput where it leads out, or where a link is on the way."""
    here = root
    for part in Path(path).parts:
        if part in ("..", "/"):
            raise BadInput("it is outside of the repository", place=Place(path))
        here = here / part
        if here.is_symlink():
            hint = "what a link leads to is not written; name the real file"
            raise BadInput("a symbolic link is on the way to it", hint=hint, place=Place(path))
    return here


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current
