"""The folders of Terrace on this machine, outside of the user's checkout."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import re
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import platformdirs

from terrace.adapters.files import put
from terrace.errors import NotReady, TerraceError

RECORD = "terrace-home.json"
"""File in the Git directory of a checkout with the name of its folders, so that a moved checkout keeps them."""

_FETCHED = "fetched"
"""File whose time is that of the last fetch."""

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS)
"""Errors of a disk that is full or mounted read-only."""

_NAME = re.compile(r"[^/\0]*-[0-9a-f]{10}")
_RECORD_BYTES = 16 * 1024


@dataclass(frozen=True, slots=True)
class Home:
    """Two roots: `cache` can be deleted at any time, `data` must be kept. TERRACE_HOME moves both."""

    cache: Path
    data: Path

    @staticmethod
    def of(repository: Path) -> Home:
        """Returns the folders of a checkout, identified by its path when Terrace first ran in it. A moved checkout
        keeps them. A copy of a checkout gets its own as long as the original exists.
        """
        slug = _name(repository)
        roots = Home.roots()
        return Home(roots.cache / slug, roots.data / slug)

    @staticmethod
    def roots() -> Home:
        """Returns the folders that contain those of all checkouts of this user."""
        base = os.environ.get("TERRACE_HOME")
        if base:
            return Home(Path(base) / "cache", Path(base) / "data")
        return Home(Path(platformdirs.user_cache_dir("terrace")), Path(platformdirs.user_data_dir("terrace")))

    def require_writable(self) -> None:
        """Raises NotReady where Terrace cannot write into its folders: before anything else is written."""
        for folder in (self.cache, self.data):
            try:
                folder.mkdir(parents=True, exist_ok=True, mode=0o700)
                with tempfile.TemporaryFile(dir=folder):
                    pass
            except OSError as error:
                if error.errno in FULL:
                    raise
                raise unwritable(error) from error

    @staticmethod
    def tools() -> Path:
        """Returns the folder of tools that Terrace installed for this user, shared by all repositories."""
        base = os.environ.get("TERRACE_HOME")
        return Path(base) / "tools" if base else Path(platformdirs.user_data_dir("terrace")) / "tools"

    @property
    def states(self) -> Path:
        """States of stacks without a remote backend. They must not be lost."""
        return self.data / "states"

    @property
    def artifacts(self) -> Path:
        """Encrypted state backups, unless terrace.yaml names another location."""
        # The folder keeps its old spelling: backups of existing installations are there.
        return self.data / "artefacts"

    @property
    def runs(self) -> Path:
        """One folder for every apply that was started here."""
        return self.data / "runs"

    @property
    def leases(self) -> Path:
        return self.data / "leases"

    @property
    def last_fetch(self) -> datetime | None:
        """Time at which the remote was last read completely, None if it never was."""
        try:
            return datetime.fromtimestamp((self.cache / _FETCHED).stat().st_mtime, UTC)
        except OSError:
            return None

    def note_fetch(self) -> None:
        """Records that the remote was just read. Without the record, its time is unknown offline."""
        with contextlib.suppress(OSError):
            self.cache.mkdir(parents=True, exist_ok=True)
            (self.cache / _FETCHED).touch()


def unwritable(error: OSError) -> NotReady:
    """Returns the error for a folder of Terrace that cannot be used."""
    return NotReady(
        f"Terrace cannot write into its folder {error.filename}: {error.strerror}",
        hint="export TERRACE_HOME=DIR with a folder that you can write and that is kept, or correct HOME",
    )


def _name(repository: Path) -> str:
    """Returns the name of a checkout's folders, and records it in its Git directory where that can be written."""
    git = _git_directory(repository)
    recorded = _read_record(git)
    name = recorded[0] if recorded is not None and not _is_another(recorded, repository) else _by_path(repository)
    if git is not None and recorded != (name, repository):
        text = json.dumps({"name": name, "path": str(repository)})
        # Without the record, the next command determines the same name.
        with contextlib.suppress(OSError, TerraceError):
            put(git, RECORD, text.encode())
    return name


def _by_path(repository: Path) -> str:
    return f"{repository.name}-{hashlib.sha256(os.fsencode(repository)).hexdigest()[:10]}"


def _is_another(recorded: tuple[str, Path], repository: Path) -> bool:
    """Returns whether the checkout with these folders still exists at the recorded path: then this one is a copy."""
    name, path = recorded
    if path == repository:
        return False
    with contextlib.suppress(OSError):
        if path.samefile(repository):
            return False
    owner = _read_record(_git_directory(path))
    return owner is not None and owner[0] == name


def _git_directory(checkout: Path) -> Path | None:
    """Returns the Git directory of this checkout alone, which in a linked worktree is not the shared one."""
    path = checkout / ".git"
    try:
        if path.is_dir():
            return path
        with path.open("rb") as file:
            text = os.fsdecode(file.read(_RECORD_BYTES))
    except (OSError, ValueError):
        return None
    target = checkout / text.removeprefix("gitdir:").strip()
    return target if text.startswith("gitdir:") and target.is_dir() else None


def _read_record(git: Path | None) -> tuple[str, Path] | None:
    """Returns the recorded name and path of the checkout; None without a valid record."""
    if git is None:
        return None
    try:
        with (git / RECORD).open("rb") as file:
            record = json.loads(file.read(_RECORD_BYTES))
        name, path = record["name"], record["path"]
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return None
    sound = isinstance(name, str) and isinstance(path, str) and "\0" not in path and Path(path).is_absolute()
    return (name, Path(path)) if sound and _NAME.fullmatch(name) else None
