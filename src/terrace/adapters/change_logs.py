"""Reads logs of changes from a folder on this machine or from a bucket, with limits on everything that is read."""

from __future__ import annotations

import os
import stat
import zlib
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from terrace.adapters.interruption import INTERRUPTION
from terrace.adapters.object_store import open_store
from terrace.drift.change_logs import LoggedChange, LoggedChanges, NoLog, may_contain, period_of, read_changes
from terrace.errors import BadInput, TerraceError

if TYPE_CHECKING:
    from obstore.store import ObjectStore

SCHEMES = ("s3", "az")
_ENDINGS = (".json", ".json.gz", ".jsonl", ".jsonl.gz")
_AT_ONCE = 4


@dataclass(frozen=True, slots=True)
class ReadLimits:
    """Limits of one reading: listed names, read files, bytes as stored and unpacked, and returned changes."""

    names: int = 100_000
    depth: int = 16
    files: int = 2_000
    stored: int = 32 * 2**20
    unpacked: int = 64 * 2**20
    in_all: int = 1024 * 2**20
    changes: int = 200_000


@dataclass(frozen=True, slots=True)
class _File:
    name: str
    size: int


class _TooLarge(ValueError):
    """A file is larger than its limit."""


class FileChangeLogs:
    """Logs of changes in files. A location is a folder, a file, or a bucket: `s3://BUCKET/PREFIX`, `az://CONTAINER`. A
    relative one is below `root`. Links in a folder are not followed.
    """

    def __init__(self, root: Path, bounds: ReadLimits | None = None) -> None:
        self._root = root
        self._bounds = bounds or ReadLimits()

    def read(self, places: Iterable[str], since: datetime, until: datetime) -> LoggedChanges:
        """Returns the changes within that time. Files that cannot be read become notes, not errors."""
        changes: list[LoggedChange] = []
        files = 0
        notes: list[str] = []
        for place in places:
            try:
                reading = _Reading(place, self._store(place), self._bounds, since, until)
                changes += reading.changes()
            except (OSError, TerraceError) as error:
                message = str(error).strip().split("\n")[0][:300] or type(error).__name__
                notes.append(f"{place} cannot be read: {message}")
                continue
            files += reading.files
            notes += [f"{place}: {note}" for note in reading.notes]
        return LoggedChanges(tuple(changes[: self._bounds.changes]), files, tuple(notes))

    def _store(self, place: str) -> _Store:
        scheme, separator, rest = place.partition("://")
        if not separator:
            return _Folder(self._root / place)
        if scheme == "file":
            return _Folder(Path(rest))
        if scheme not in SCHEMES:
            raise BadInput(
                f"{scheme}:// is not a supported location of logs", hint="check `drift.logs` in terrace.yaml"
            )
        return _Bucket(place)


class _Store(Protocol):
    """Lists and reads files. Raises OSError where the store cannot be reached."""

    def inside(self, folder: str) -> Iterator[tuple[str, _File | None]]:
        """Yields the names in a folder, each with its file, or None for a folder."""
        ...

    def read(self, file: _File, limit: int) -> bytes: ...


class _Reading:
    """One reading of one location. `files` and `notes` are complete once `changes` has returned."""

    def __init__(self, place: str, store: _Store, bounds: ReadLimits, since: datetime, until: datetime) -> None:
        self._place = place
        self._store = store
        self._bounds = bounds
        self._since = since
        self._until = until
        self._listed = 0
        self.files = 0
        self.notes: list[str] = []

    def changes(self) -> list[LoggedChange]:
        files = sorted(self._find_files("", 0), key=self._age, reverse=True)
        if self._listed > self._bounds.names:
            self.notes.append(f"only {self._bounds.names:,} names were listed")
        if len(files) > self._bounds.files:
            self.notes.append(f"the oldest {len(files) - self._bounds.files:,} of {len(files):,} files were not read")
        selected, size = [], 0
        for file in files[: self._bounds.files]:
            size += file.size
            if size > self._bounds.in_all:
                self.notes.append(f"only {self._bounds.in_all:,} bytes of the newest files were read")
                break
            selected.append(file)
        changes: list[LoggedChange] = []
        unread: list[str] = []
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            for file, outcome in zip(selected, pool.map(self._changes_of, selected), strict=True):
                if isinstance(outcome, str):
                    unread.append(f"{file.name} was not read: {outcome}")
                    continue
                self.files += 1
                changes += outcome[: max(0, self._bounds.changes - len(changes))]
        if len(changes) >= self._bounds.changes:
            self.notes.append(f"only {self._bounds.changes:,} changes were read")
        self.notes += unread[:3]
        if len(unread) > 3:
            self.notes.append(f"{len(unread) - 3} more files were not read")
        return changes

    def _find_files(self, folder: str, depth: int) -> Iterator[_File]:
        for name, file in self._store.inside(folder):
            self._listed += 1
            if self._listed > self._bounds.names:
                return
            # The location may be a folder in the middle of a cloud's layout.
            if not may_contain(f"{self._place}/{name}", self._since, self._until):
                continue
            if file is None:
                if depth < self._bounds.depth:
                    yield from self._find_files(name, depth + 1)
            elif name.endswith(_ENDINGS):
                yield file

    def _age(self, file: _File) -> tuple[datetime, str]:
        period = period_of(f"{self._place}/{file.name}")
        return (period[0] if period else datetime.max.replace(tzinfo=UTC)), file.name

    def _changes_of(self, file: _File) -> tuple[LoggedChange, ...] | str:
        INTERRUPTION.check()
        try:
            stored = self._store.read(file, self._bounds.stored)
            return read_changes(_decompress(stored, self._bounds.unpacked), self._since, self._until)
        except (OSError, _TooLarge, NoLog, zlib.error) as error:
            return str(error).strip().split("\n")[0][:200] or type(error).__name__


def _decompress(stored: bytes, limit: int) -> bytes:
    """Returns the content of a file, decompressed where it is compressed, regardless of its name."""
    if not stored.startswith(b"\x1f\x8b"):
        return stored
    content = b""
    # Concatenated compressed files are one file.
    while stored.startswith(b"\x1f\x8b"):
        unpacking = zlib.decompressobj(wbits=31)
        content += unpacking.decompress(stored, limit + 1 - len(content))
        if len(content) > limit:
            raise _TooLarge(f"it has more than {limit:,} bytes when decompressed")
        if not unpacking.eof:
            raise NoLog("it is truncated")
        stored = unpacking.unused_data
    return content


class _Folder:
    """A folder on this machine, or one file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.expanduser()
        if self._folder.is_file():
            self._only: str | None = self._folder.name
            self._folder = self._folder.parent
        else:
            self._only = None

    def inside(self, folder: str) -> Iterator[tuple[str, _File | None]]:
        with os.scandir(self._folder / folder) as entries:
            for entry in sorted(entries, key=lambda entry_now: entry_now.name):
                name = f"{folder}/{entry.name}" if folder else entry.name
                if self._only is not None and entry.name != self._only:
                    continue
                if entry.is_dir(follow_symlinks=False):
                    yield name, None
                elif entry.is_file(follow_symlinks=False):
                    yield name, _File(name, entry.stat(follow_symlinks=False).st_size)

    def read(self, file: _File, limit: int) -> bytes:
        descriptor = os.open(self._folder / file.name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as opened:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise NoLog("it is not a file")
            content = opened.read(limit + 1)
        if len(content) > limit:
            raise _TooLarge(f"it has more than {limit:,} bytes")
        return content


class _Bucket:
    """A prefix of an S3 bucket or an Azure storage container."""

    def __init__(self, url: str) -> None:
        self._url = url

    @cached_property
    def _store(self) -> ObjectStore:
        return open_store(self._url)

    def inside(self, folder: str) -> Iterator[tuple[str, _File | None]]:
        import obstore
        from obstore.exceptions import BaseError

        try:
            listed = obstore.list_with_delimiter(self._store, folder or None)
        except BaseError as error:
            raise OSError(str(error)) from error
        yield from ((name, None) for name in sorted(listed["common_prefixes"]))
        yield from (
            (listed_object["path"], _File(listed_object["path"], listed_object["size"]))
            for listed_object in listed["objects"]
        )

    def read(self, file: _File, limit: int) -> bytes:
        import obstore
        from obstore.exceptions import BaseError

        if file.size > limit:
            raise _TooLarge(f"it has more than {limit:,} bytes")
        try:
            return bytes(obstore.get(self._store, file.name).bytes())
        except BaseError as error:
            raise OSError(str(error)) from error
