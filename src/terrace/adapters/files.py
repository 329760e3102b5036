"""Reads and writes files below a folder without following links: every component of a path is opened separately.

A path is resolved one component at a time through descriptors of folders, so that nothing changes below the caller:
a link that appears on the way while it works is not followed either. Three ways of writing:

    write_whole   for the user's working tree: replaces a plain file at once, refuses anything else
    write_new     for a file that must not be there yet
    put           for private checkouts: what stands there, a link too, is replaced and never written through
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from terrace.errors import BadInput, NotReady, Place

OPEN_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
"""How a folder is opened: a link is an error."""

NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
"""How a file is made: whatever is there already is an error, a dangling link too."""

_OUTSIDE = "it is outside the repository"
_LINKED = "a symbolic link is on the way to it"


def read_plain(root: Path, path: str) -> bytes | None:
    """Returns the content of a file below `root`, None when there is none.

    Raises BadInput where a link is on the way, or where something other than a file stands.
    """
    with contextlib.ExitStack() as stack:
        try:
            folder, name = stack.enter_context(opened_parent(root, path))
            mode = os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode
        except (FileNotFoundError, NotADirectoryError):
            return None
        if stat.S_ISLNK(mode):
            raise _linked(path)
        if not stat.S_ISREG(mode):
            raise BadInput("it is not a plain file", hint="make it one, or leave it out", place=Place(path))
        # Not blocking: it may have become a pipe since it was checked.
        descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise BadInput("it is not a plain file", hint="make it one, or leave it out", place=Place(path))
            return file.read()


def write_whole(root: Path, path: str, content: bytes, *, make_folders: bool = False) -> None:
    """Writes a file below `root` at once: whenever it stops, the old or the new content is there.

    Raises BadInput where a link is on the way or something other than a file stands there, NotReady where it cannot be
    written. A hard link to the file keeps the old content.
    """
    with _told(path), opened_parent(root, path, make=make_folders) as (folder, name):
        mode = _mode_of(folder, name)
        if mode is not None and stat.S_ISLNK(mode):
            raise _linked(path)
        if mode is not None and not stat.S_ISREG(mode):
            raise BadInput("it is not a plain file", hint="move it away", place=Place(path))
        _replace(folder, name, content, None if mode is None else stat.S_IMODE(mode))
        os.fsync(folder)


def write_new(root: Path, path: str, content: bytes, *, mode: int = 0o666, make_folders: bool = False) -> None:
    """Writes a file below `root` that is not there yet.

    Raises FileExistsError when anything of that name is there, BadInput where a link is on the way.
    """
    with _told(path), opened_parent(root, path, make=make_folders) as (folder, name):
        try:
            _make(folder, name, content, mode)
            os.fsync(folder)
        except FileExistsError:
            raise
        except OSError:
            with contextlib.suppress(OSError):
                os.unlink(name, dir_fd=folder)
            raise


def check_way(root: Path, path: str) -> None:
    """Raises BadInput where a link is on the way to a file that is to be written; folders may be missing."""
    with contextlib.suppress(FileNotFoundError, NotADirectoryError), opened_parent(root, path) as (folder, name):
        mode = _mode_of(folder, name)
        if mode is not None and stat.S_ISLNK(mode):
            raise _linked(path)


def inside(root: Path, path: str) -> Path:
    """Returns the absolute path of a path below `root`. Raises BadInput where it leads out, or where a link is on the
    way.
    """
    check_way(root, path)
    return root / path


def put(root: Path, path: str, content: bytes, *, mode: int | None = None) -> None:
    """Writes a file of a private checkout, whole, in the place of a file, a link, a pipe or a device of that name.

    Raises BadInput where a link or a folder is in the way.
    """
    with _told(path), opened_parent(root, path) as (folder, name):
        there = _mode_of(folder, name)
        if there is not None and stat.S_ISDIR(there):
            hint = "give that folder another name"
            raise BadInput("a folder is where Terrace writes a file", hint=hint, place=Place(path))
        _replace(folder, name, content, mode)


def put_link(root: Path, path: str, target: Path) -> None:
    """Makes a link of a private checkout that leads to `target`, and the folders on the way. What is there stays, but
    for another link, which is replaced.

    Raises BadInput where a link is on the way.
    """
    with _told(path), opened_parent(root, path, make=True) as (folder, name):
        there = _mode_of(folder, name)
        if there is not None and (not stat.S_ISLNK(there) or os.readlink(name, dir_fd=folder) == str(target)):
            return
        part = f".terrace-{os.urandom(8).hex()}.part"
        os.symlink(target, part, dir_fd=folder)
        os.rename(part, name, src_dir_fd=folder, dst_dir_fd=folder)


def remove(root: Path, path: str) -> None:
    """Removes a file or a link below `root`, never what a link leads to. One that is not there is no error."""
    with contextlib.suppress(FileNotFoundError), opened_parent(root, path) as (folder, name):
        os.unlink(name, dir_fd=folder)


@contextlib.contextmanager
def opened_parent(root: Path, path: str, *, make: bool = False) -> Iterator[tuple[int, str]]:
    """A descriptor of the folder that a path below `root` lies in, and the path's last component.

    With `make` folders that are missing are made. Raises BadInput where the path leaves `root` or a link is on the
    way, FileNotFoundError or NotADirectoryError where a folder is missing.
    """
    parts = PurePosixPath(path).parts
    if not parts or "\0" in path or ".." in parts or parts[0] == "/":
        raise BadInput(_OUTSIDE, place=Place(path.replace("\0", "\\0")))
    folder = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for part in parts[:-1]:
            inner = _step(folder, part, path, make=make)
            os.close(folder)
            folder = inner
        yield folder, parts[-1]
    finally:
        os.close(folder)


def _step(folder: int, part: str, path: str, *, make: bool) -> int:
    if make:
        with contextlib.suppress(FileExistsError):
            os.mkdir(part, dir_fd=folder)
    try:
        return os.open(part, OPEN_FOLDER, dir_fd=folder)
    except OSError as error:
        mode = _mode_of(folder, part)
        if error.errno in (errno.ELOOP, errno.ENOTDIR) and mode is not None and stat.S_ISLNK(mode):
            raise _linked(path) from error
        raise


def _mode_of(folder: int, name: str) -> int | None:
    """What stands there, a link as a link; None: nothing."""
    try:
        return os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode
    except FileNotFoundError:
        return None


def _replace(folder: int, name: str, content: bytes, mode: int | None) -> None:
    """Put a file in the place of another one, or of a link: a rename replaces either and follows neither."""
    part = f".terrace-{os.urandom(8).hex()}.part"
    try:
        _make(folder, part, content, 0o666 if mode is None else 0o600, mode)
        os.rename(part, name, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(part, dir_fd=folder)
        raise


def _make(folder: int, name: str, content: bytes, made_with: int, mode: int | None = None) -> None:
    descriptor = os.open(name, NEW_FILE, made_with, dir_fd=folder)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        if mode is not None:
            os.fchmod(descriptor, mode)
        os.fsync(descriptor)


@contextlib.contextmanager
def _told(path: str) -> Iterator[None]:
    try:
        yield
    except FileExistsError:
        raise
    except OSError as error:
        raise NotReady(f"it cannot be written: {error.strerror}", place=Place(path)) from error


def _linked(path: str) -> BadInput:
    return BadInput(_LINKED, hint="what a link leads to is not written; name the real file", place=Place(path))
