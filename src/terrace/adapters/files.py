"""Reads and writes files below a folder without following links. A path is resolved one component at a time through
descriptors of folders, so that a link that appears meanwhile is not followed either. Three ways of writing:

    write_whole   for the user's working tree: replaces a plain file atomically, rejects anything else
    write_new     for a file that must not exist yet
    put           for private checkouts: an existing entry, also a link, is replaced and never written through
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
"""Flags for opening a folder: a link is an error."""

NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
"""Flags for creating a file: an existing entry is an error, also a dangling link."""

_OUTSIDE = "it is outside the repository"
_LINKED = "a symbolic link is on the way to it"


def read_plain(root: Path, path: str) -> bytes | None:
    """Returns the content of a file below `root`, None where there is none. Raises BadInput where the path contains a
    link, or leads to something other than a file.
    """
    with contextlib.ExitStack() as stack:
        try:
            folder, name = stack.enter_context(opened_parent(root, path))
            mode = os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode
        except (FileNotFoundError, NotADirectoryError):
            return None
        if stat.S_ISLNK(mode):
            raise _link_error(path)
        if not stat.S_ISREG(mode):
            raise BadInput("it is not a plain file", hint="replace it by a plain file, or remove it", place=Place(path))
        # Not blocking: it may have been replaced by a pipe since the check.
        descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise BadInput(
                    "it is not a plain file", hint="replace it by a plain file, or remove it", place=Place(path)
                )
            return file.read()


def write_whole(root: Path, path: str, content: bytes, *, make_folders: bool = False) -> None:
    """Writes a file below `root` atomically. Raises BadInput where the path contains a link or leads to something other
    than a file, NotReady where it cannot be written. A hard link to the file keeps the old content.
    """
    with _errors(path), opened_parent(root, path, make=make_folders) as (folder, name):
        mode = _mode_of(folder, name)
        if mode is not None and stat.S_ISLNK(mode):
            raise _link_error(path)
        if mode is not None and not stat.S_ISREG(mode):
            raise BadInput("it is not a plain file", hint="move it away", place=Place(path))
        _replace(folder, name, content, None if mode is None else stat.S_IMODE(mode))
        os.fsync(folder)


def write_new(root: Path, path: str, content: bytes, *, mode: int = 0o666, make_folders: bool = False) -> None:
    """Creates a file below `root`. Raises FileExistsError where the name exists, BadInput where the path contains a
    link.
    """
    with _errors(path), opened_parent(root, path, make=make_folders) as (folder, name):
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
    """Raises BadInput where the path of a file to be written contains a link; folders may be missing."""
    with contextlib.suppress(FileNotFoundError, NotADirectoryError), opened_parent(root, path) as (folder, name):
        mode = _mode_of(folder, name)
        if mode is not None and stat.S_ISLNK(mode):
            raise _link_error(path)


def inside(root: Path, path: str) -> Path:
    """Returns the location of a path below `root`. Raises BadInput where it leads outside or contains a link."""
    check_way(root, path)
    return root / path


def put(root: Path, path: str, content: bytes, *, mode: int | None = None) -> None:
    """Writes a file of a private checkout atomically; replaces a file, link, pipe or device of that name. Raises
    BadInput where the path contains a link or the name is a folder.
    """
    with _errors(path), opened_parent(root, path) as (folder, name):
        current_mode = _mode_of(folder, name)
        if current_mode is not None and stat.S_ISDIR(current_mode):
            hint = "rename that folder"
            raise BadInput("Terrace writes a file of this name, but it is a folder", hint=hint, place=Place(path))
        _replace(folder, name, content, mode)


def put_link(root: Path, path: str, target: Path) -> None:
    """Creates a link to `target` in a private checkout, and missing folders. An existing link is replaced; any other
    existing entry is kept. Raises BadInput where the path contains a link.
    """
    with _errors(path), opened_parent(root, path, make=True) as (folder, name):
        current_mode = _mode_of(folder, name)
        if current_mode is not None and (
            not stat.S_ISLNK(current_mode) or os.readlink(name, dir_fd=folder) == str(target)
        ):
            return
        part = f".terrace-{os.urandom(8).hex()}.part"
        os.symlink(target, part, dir_fd=folder)
        os.rename(part, name, src_dir_fd=folder, dst_dir_fd=folder)


def remove(root: Path, path: str) -> None:
    """Removes a file or a link below `root`, never the target of a link. A missing one is not an error."""
    with contextlib.suppress(FileNotFoundError), opened_parent(root, path) as (folder, name):
        os.unlink(name, dir_fd=folder)


@contextlib.contextmanager
def opened_parent(root: Path, path: str, *, make: bool = False) -> Iterator[tuple[int, str]]:
    """Yields a descriptor of the parent folder of a path below `root`, and the last component of the path. With `make`,
    missing folders are created. Raises BadInput where the path leaves `root` or contains a link, FileNotFoundError or
    NotADirectoryError where a folder is missing.
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
            raise _link_error(path) from error
        raise


def _mode_of(folder: int, name: str) -> int | None:
    """Returns the mode of an entry without following a link; None where there is none."""
    try:
        return os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode
    except FileNotFoundError:
        return None


def _replace(folder: int, name: str, content: bytes, mode: int | None) -> None:
    """Replaces a file or link by a new file: a rename replaces both and follows neither."""
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
def _errors(path: str) -> Iterator[None]:
    try:
        yield
    except FileExistsError:
        raise
    except OSError as error:
        raise NotReady(f"it cannot be written: {error.strerror}", place=Place(path)) from error


def _link_error(path: str) -> BadInput:
    return BadInput(
        _LINKED, hint="Terrace does not write through a link; use the path of the real file", place=Place(path)
    )
