"""Writes a commit into a private folder, byte for byte as its blobs, and keeps that folder in this state. Git itself
does not write it, so that attributes (encodings, line ends, `ident`), filters, LFS, hooks, submodules, sparse settings
and file system monitors have no effect: Terraform gets exactly the content that was checked. A link that leads out of
the repository is replaced by a dangling link, so that readers get an error instead of a file of this machine.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
import shutil
import stat
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from terrace.adapters.files import NEW_FILE, OPEN_FOLDER, opened_parent
from terrace.config.naming import quote_word
from terrace.errors import BadInput, NotReady, Place, TerraceError
from terrace.hcl.layout import Layout, is_written_by_terrace
from terrace.hcl.tree import Entry, Tree

REFUSED = "refused-by-terrace-since-it-leads-out-of-the-repository"
"""Target of a link in a private checkout where the committed one leads out of the repository."""

LONGEST_PATH = 4000
"""Maximum length of a path with its folder, in bytes (PATH_MAX, with a margin)."""

DEEPEST = 200
"""Maximum depth of folders."""

RACY_SECONDS = 2.0
"""A file that changed within this time before it was recorded may have changed again with the same time."""

Blobs = Callable[[Iterable[str]], Iterator[tuple[str, bytes]]]
"""Yields the contents of blobs, each once."""

# Characters that HFS+ ignores in names (Git's is_hfs_dotgit), and the short names of NTFS.
_IGNORED = re.compile("[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]")
_GIT = re.compile(r"(?:\.git|git~[0-9]+)[ .]*(?::.*)?", re.DOTALL)

_Folder = dict[str, "Entry | _Folder"]


class _Seen(msgspec.Struct, frozen=True, array_like=True):
    """A file as it was written: its blob and mode, and values that change with every later change of the file."""

    blob: str
    mode: str
    look: tuple[int, ...]


class _Record(msgspec.Struct, frozen=True, array_like=True):
    at: int
    files: dict[bytes, _Seen]


@dataclass(frozen=True, slots=True)
class Worktree:
    """A private folder. `record` lists the files that were written and not changed since; without it all are
    compared."""

    folder: Path
    record: Path

    def match(self, tree: Tree, blobs: Blobs) -> None:
        """Makes the folder contain exactly the files of a tree. Correct files are not written again. Raises BadInput
        with the path where the tree cannot be a folder on this machine: a name that Git forbids, a name that Terrace
        writes itself, two paths that are the same file here, a path that is too long.
        """
        entries = tree.entries
        expected = _nest(entries, len(os.fsencode(self.folder)))
        targets = _targets(tree)
        before = self._read_record()
        try:
            with self._open_folder() as top:
                records: dict[bytes, _Seen] = {}
                stale = list(_compare(top, "", expected, before, targets, records))
                self._write(stale, entries, targets, blobs, records)
        except RecursionError:
            raise self._error("folders are nested too deeply") from None
        except OSError as error:
            raise self._error(error.strerror or str(error)) from error
        self._write_record(records)

    def _error(self, why: str) -> NotReady:
        return NotReady(
            f"the private checkout {self.folder} cannot be written: {why}",
            hint=f"rm -rf {quote_word(str(self.folder))}",
        )

    @contextlib.contextmanager
    def _open_folder(self) -> Iterator[int]:
        with contextlib.suppress(FileNotFoundError):
            if not stat.S_ISDIR(self.folder.lstat().st_mode):
                self.folder.unlink()
        self.folder.mkdir(exist_ok=True)
        top = os.open(self.folder, OPEN_FOLDER)
        try:
            yield top
        finally:
            os.close(top)

    def _write(
        self,
        stale: list[str],
        entries: Mapping[str, Entry],
        targets: Mapping[str, bytes],
        blobs: Blobs,
        records: dict[bytes, _Seen],
    ) -> None:
        by_blob: dict[str, list[str]] = {}
        for path in stale:
            if path in targets:

                def link(folder: int, name: str, target: bytes = targets[path]) -> None:
                    os.symlink(target, name, dir_fd=folder)

                self._make(path, entries, link)
            else:
                by_blob.setdefault(entries[path].blob, []).append(path)
        for blob, content in blobs(by_blob):
            if not _is(blob, content):
                raise TerraceError(f"the object {blob} of this clone is damaged", hint="`git fsck` shows details")
            for path in by_blob[blob]:
                mode = 0o777 if entries[path].mode == "100755" else 0o666

                def write(folder: int, name: str, path: str = path, mode: int = mode, content: bytes = content) -> None:
                    with os.fdopen(os.open(name, NEW_FILE, mode, dir_fd=folder), "wb") as file:
                        file.write(content)
                        file.flush()
                        records[os.fsencode(path)] = _look_at(entries[path], os.fstat(file.fileno()))

                self._make(path, entries, write)

    def _make(self, path: str, entries: Mapping[str, Entry], make: Callable[[int, str], None]) -> None:
        try:
            with opened_parent(self.folder, path) as (folder, name):
                make(folder, name)
        except FileExistsError as error:
            twin = next((p for p in entries if p != path and p.casefold() == path.casefold()), "another path")
            raise BadInput(
                f"{path} and {twin} in this commit are the same file on this machine",
                hint="rename one of them, or use a case-sensitive file system",
                place=Place(path),
            ) from error
        except OSError as error:
            if error.errno == errno.ENAMETOOLONG:
                raise _too_long(path) from error
            raise

    # --- the record -------------------------------------------------------------------------------

    def _read_record(self) -> Mapping[bytes, _Seen]:
        """Returns the files that need not be read: those that did not change shortly before they were recorded."""
        try:
            record = msgspec.msgpack.decode(self.record.read_bytes(), type=_Record)
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
            return {}
        limit = record.at - int(RACY_SECONDS * 1e9)
        return {path: file_record for path, file_record in record.files.items() if file_record.look[-1] < limit}

    def _write_record(self, records: dict[bytes, _Seen]) -> None:
        """Losing the record only costs time."""
        fresh = self.record.with_name(f"{self.record.name}.new")
        with contextlib.suppress(OSError):
            fresh.write_bytes(msgspec.msgpack.encode(_Record(time.time_ns(), records)))
            fresh.replace(self.record)


def _compare(
    folder: int,
    prefix: str,
    expected: _Folder,
    before: Mapping[bytes, _Seen],
    targets: Mapping[str, bytes],
    records: dict[bytes, _Seen],
) -> Iterator[str]:
    """Returns the paths below a folder that must be written. All other unwanted entries are removed first."""
    with os.scandir(folder) as listed:
        current = {entry.name: entry.stat(follow_symlinks=False) for entry in listed}
    present = set()
    for name, look in current.items():
        entry = expected.get(name)
        if isinstance(entry, dict):
            right = stat.S_ISDIR(look.st_mode)
        else:
            path = f"{prefix}{name}"
            right = entry is not None and _is_right(folder, name, path, entry, look, before, targets, records)
        if right:
            present.add(name)
        else:
            _remove(folder, name, look.st_mode)
    for name, entry in expected.items():
        if not isinstance(entry, dict):
            if name not in present:
                yield f"{prefix}{name}"
            continue
        if name not in present:
            _make_folder(folder, name, f"{prefix}{name}")
        inner = os.open(name, OPEN_FOLDER, dir_fd=folder)
        try:
            yield from _compare(inner, f"{prefix}{name}/", entry, before, targets, records)
        finally:
            os.close(inner)


def _make_folder(folder: int, name: str, path: str) -> None:
    try:
        os.mkdir(name, dir_fd=folder)
    except FileExistsError as error:
        raise BadInput(
            f"{path} in this commit is both a file and a folder on this machine", place=Place(path)
        ) from error
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            raise _too_long(path) from error
        raise


def _is_right(
    folder: int,
    name: str,
    path: str,
    entry: Entry,
    look: os.stat_result,
    before: Mapping[bytes, _Seen],
    targets: Mapping[str, bytes],
    records: dict[bytes, _Seen],
) -> bool:
    """Returns whether a file is as in the tree: by its recorded attributes, or else by its content."""
    if path in targets:
        return stat.S_ISLNK(look.st_mode) and os.fsencode(os.readlink(name, dir_fd=folder)) == targets[path]
    if not stat.S_ISREG(look.st_mode) or look.st_nlink != 1:
        return False
    now, recorded = _look_at(entry, look), before.get(os.fsencode(path))
    if recorded is None or recorded != now:
        if bool(look.st_mode & 0o100) != (entry.mode == "100755"):
            return False
        descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
        with os.fdopen(descriptor, "rb") as file:
            opened = os.fstat(descriptor)
            if not stat.S_ISREG(opened.st_mode) or not _is(entry.blob, file.read()):
                return False
            now = _look_at(entry, opened)
    records[os.fsencode(path)] = now
    return True


def _remove(folder: int, name: str, mode: int) -> None:
    if stat.S_ISDIR(mode):
        shutil.rmtree(name, dir_fd=folder)
    else:
        os.unlink(name, dir_fd=folder)


def _look_at(entry: Entry, look: os.stat_result) -> _Seen:
    # The change time of an inode cannot be set: it is the last attribute, which is compared.
    return _Seen(
        entry.blob,
        entry.mode,
        (look.st_dev, look.st_ino, look.st_mode, look.st_nlink, look.st_size, look.st_mtime_ns, look.st_ctime_ns),
    )


def _is(blob: str, content: bytes) -> bool:
    """Returns whether this content has that object id."""
    head = f"blob {len(content)}\0".encode()
    name = hashlib.sha1 if len(blob) == 40 else hashlib.sha256
    return name(head + content, usedforsecurity=False).hexdigest() == blob


def _nest(entries: Mapping[str, Entry], before: int) -> _Folder:
    """Returns the entries as nested folders. Raises BadInput where that is impossible."""
    top: _Folder = {}
    for path, entry in entries.items():
        parts = path.split("/")
        _check(path, parts, before)
        folder = top
        for part in parts[:-1]:
            inner = folder.setdefault(part, {})
            if not isinstance(inner, dict):
                raise BadInput(f"{path} is below a file in this commit", place=Place(path))
            folder = inner
        if parts[-1] in folder:
            raise BadInput(f"{path} is both a file and a folder in this commit", place=Place(path))
        folder[parts[-1]] = entry
    return top


def check_path(path: str) -> None:
    """Raises BadInput for a path that cannot be in any private checkout."""
    _check(path, path.split("/"), 0)


def _check(path: str, parts: list[str], before: int) -> None:
    """Raises BadInput for a path that is invalid, that Git forbids, or that Terrace writes itself."""
    if not all(parts) or "\0" in path or any(part in (".", "..") for part in parts):
        raise BadInput(f"{path!r} is not a path inside the repository", hint="this commit was not created by Git")
    if any(_GIT.fullmatch(_IGNORED.sub("", part).lower()) for part in parts if len(part) > 3):
        raise BadInput(f"{path!r} is a name that Git reserves", hint="remove it from the commit")
    if is_written_by_terrace(parts[-1]):
        raise BadInput(
            "the commit contains a file whose name Terrace reserves for files that it writes",
            hint="rename that file and commit the change",
            place=Place(path),
        )
    if before + 1 + len(os.fsencode(path)) > LONGEST_PATH or len(parts) > DEEPEST:
        raise _too_long(path)


def _too_long(path: str) -> BadInput:
    shown = path if len(path) <= 200 else f"{path[:200]}..."
    return BadInput(f"the path {shown!r} is too long for this machine", hint="shorten it")


def _targets(tree: Tree) -> Mapping[str, bytes]:
    """Returns the target of each link of the tree in a private checkout."""
    links = [path for path, entry in tree.entries.items() if entry.is_link]
    if not links:
        return {}
    layout = Layout(tree)
    return {path: tree.read(path) if layout.is_inside(path) else REFUSED.encode() for path in links}
