"""Where Terrace keeps things on this machine. Nothing of it lies in the user's checkout."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from terrace.adapters.files import put
from terrace.errors import TerraceError

RECORD = "terrace-home.json"
"""The file in the Git directory of a checkout that keeps the name of its folders, so that they outlast a move of it."""

_NAME = re.compile(r"[^/\0]*-[0-9a-f]{10}")
_RECORD_BYTES = 16 * 1024


@dataclass(frozen=True, slots=True)
class Home:
    """Two roots: what may be thrown away (`cache`) and what may not (`data`). TERRACE_HOME moves both."""

    cache: Path
    data: Path

    @staticmethod
    def of(repository: Path) -> Home:
        """Returns the folders of one checkout, told apart by where it was when Terrace first ran in it.

        A checkout that was moved keeps them. A copy of one gets its own, as long as the other is still there.
        """
        slug = _name(repository)
        base = os.environ.get("TERRACE_HOME")
        if base:
            return Home(Path(base) / "cache" / slug, Path(base) / "data" / slug)
        return Home(
            Path(platformdirs.user_cache_dir("terrace")) / slug,
            Path(platformdirs.user_data_dir("terrace")) / slug,
        )

    @staticmethod
    def tools() -> Path:
        """Tools that Terrace installed for this user, whatever the repository."""
        base = os.environ.get("TERRACE_HOME")
        return Path(base) / "tools" if base else Path(platformdirs.user_data_dir("terrace")) / "tools"

    @property
    def states(self) -> Path:
        """State of stacks without a remote backend. Losing it is losing track of what is deployed."""
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


def _name(repository: Path) -> str:
    """The name of the folders of a checkout; noted in its Git directory, where that can be written."""
    git = _git_directory(repository)
    known = _noted(git)
    name = known[0] if known is not None and not _is_another(known, repository) else _by_path(repository)
    if git is not None and known != (name, repository):
        text = json.dumps({"name": name, "path": str(repository)})
        # Where it cannot be written, the next command decides from the same facts.
        with contextlib.suppress(OSError, TerraceError):
            put(git, RECORD, text.encode())
    return name


def _by_path(repository: Path) -> str:
    return f"{repository.name}-{hashlib.sha256(os.fsencode(repository)).hexdigest()[:10]}"


def _is_another(known: tuple[str, Path], repository: Path) -> bool:
    """Whether a checkout with these folders is still at the noted path: then the one at hand is a copy of it."""
    name, path = known
    if path == repository:
        return False
    with contextlib.suppress(OSError):
        if path.samefile(repository):
            return False
    there = _noted(_git_directory(path))
    return there is not None and there[0] == name


def _git_directory(checkout: Path) -> Path | None:
    """The Git directory of this checkout alone: that of a linked worktree is not the one that all of them share."""
    found = checkout / ".git"
    try:
        if found.is_dir():
            return found
        with found.open("rb") as file:
            text = os.fsdecode(file.read(_RECORD_BYTES))
    except (OSError, ValueError):
        return None
    target = checkout / text.removeprefix("gitdir:").strip()
    return target if text.startswith("gitdir:") and target.is_dir() else None


def _noted(git: Path | None) -> tuple[str, Path] | None:
    """The noted name and the path that the checkout had; None where nothing sound is noted."""
    if git is None:
        return None
    try:
        with (git / RECORD).open("rb") as file:
            told = json.loads(file.read(_RECORD_BYTES))
        name, path = told["name"], told["path"]
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return None
    sound = isinstance(name, str) and isinstance(path, str) and "\0" not in path and Path(path).is_absolute()
    return (name, Path(path)) if sound and _NAME.fullmatch(name) else None
