"""The TF_DATA_DIR of every stack, in a cache keyed by everything that `init` depends on, so that commits share it."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from terrace.adapters.cache_file import write_cache
from terrace.adapters.file_lock import file_lock
from terrace.config.model import DEFAULT_WORKSPACE
from terrace.hcl.layout import is_automatic_variables
from terrace.plans.ports import Site

LOCK_FILE = ".terraform.lock.hcl"
OVERRIDE = "zz_terrace_override.tf"
"""Terraform merges override files in the order of their names: this one decides about the backend."""

_READY = "terrace-ready"
_ENTERED = "terrace-workspace"
_LOCK = "terrace.lock"
_HASHED = 2**20

LOCAL_BACKENDS = ("", "local")


@dataclass(frozen=True, slots=True)
class DataFolder:
    """The prepared folder of one stack. It is ready, and can be used for plans, once `init` has succeeded.

    A record lists every file that `init` created. A folder with a truncated, zeroed, replaced or missing file is
    damaged and is rebuilt. Terraform itself detects damaged providers.
    """

    path: Path

    @property
    def ready(self) -> bool:
        """Returns whether `init` succeeded here and every file is unchanged since."""
        return self.damage == ""

    @property
    def marked(self) -> bool:
        """Returns whether `init` succeeded here, without checking the files."""
        return (self.path / _READY).is_file()

    @property
    def damage(self) -> str | None:
        """Returns the first file that changed since `init`, "" where none did; None where `init` did not succeed."""
        try:
            recorded = json.loads((self.path / _READY).read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, ValueError, RecursionError):
            return _READY
        digests = self._record()
        if not isinstance(recorded, dict):
            return _READY
        return next((name for name in sorted({*recorded, *digests}) if recorded.get(name) != digests.get(name)), "")

    def mark(self, lock_file: bytes) -> None:
        """Records that `init` succeeded, and with which dependency lock file."""
        (self.path / "lock.hcl").write_bytes(lock_file)
        write_cache(self.path / _READY, json.dumps(self._record()).encode())

    @property
    def entered(self) -> str:
        """Returns the workspace other than `default` that `init` was run in; "" without one."""
        try:
            return (self.path / _ENTERED).read_text()
        except (OSError, UnicodeDecodeError):
            return ""

    def enter(self, workspace: str, lock_file: bytes) -> None:
        """Records that `init` succeeded in a workspace: the providers of its state are installed."""
        (self.path / "environment").unlink(missing_ok=True)
        self.mark(lock_file)
        write_cache(self.path / _ENTERED, workspace.encode())

    def forget(self) -> None:
        """Records that the folder is not ready."""
        with contextlib.suppress(OSError):
            (self.path / _READY).unlink()

    def clear(self) -> None:
        """Removes everything except the lock, which the caller holds."""
        for path in self.path.iterdir():
            if path.name == _LOCK:
                continue
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()

    def _record(self) -> dict[str, str]:
        digests: dict[str, str] = {}
        for folder, folders, files in os.walk(self.path):
            directory = Path(folder)
            for name in (*files, *(name for name in folders if (directory / name).is_symlink())):
                path = directory / name
                # Terrace's own records change at any time; they are validated where they are read.
                if directory != self.path or not name.startswith(("terrace-", _LOCK)):
                    digests[path.relative_to(self.path).as_posix()] = _identity(path)
            if directory == self.path:
                # Terraform itself verifies providers against the dependency lock file.
                folders[:] = [name for name in folders if name != "providers"]
        return digests

    @property
    def lock_file(self) -> bytes:
        """Returns the dependency lock file that `init` wrote."""
        return (self.path / "lock.hcl").read_bytes()

    @property
    def backend(self) -> tuple[str, Mapping[str, Any]]:
        """Returns the type and settings of the backend that `init` configured; "" and none without a backend."""
        try:
            backend = json.loads((self.path / "terraform.tfstate").read_bytes())["backend"]
            return str(backend["type"]), dict(backend["config"])
        except (OSError, ValueError, TypeError, KeyError, RecursionError):
            return "", {}

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """Holds the lock for preparing the folder. Anything else in its place is removed: it is in the cache."""
        if self.path.is_symlink() or self.path.is_file():
            self.path.unlink()
        self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = self.path / _LOCK
        if lock.is_symlink():
            lock.unlink()
        elif lock.is_dir():
            shutil.rmtree(lock)
        with file_lock(lock, f"the data folder {self.path.name}"):
            yield


def _identity(path: Path) -> str:
    """Returns the identity of a file: its content or, where it is large, its size and modification time."""
    about = path.lstat()
    if stat.S_ISLNK(about.st_mode):
        return f"link {path.readlink()}"
    if stat.S_ISREG(about.st_mode) and about.st_size <= _HASHED:
        try:
            return hashlib.sha256(path.read_bytes()).hexdigest()
        except OSError:
            return "unreadable"
    return f"{stat.S_IFMT(about.st_mode)} {about.st_size} {about.st_mtime_ns}"


def data_folder(cache: Path, site: Site, binary: str, states: Path, *, variables: bool) -> DataFolder:
    """Returns the folder for a stack, the inputs of its `init`, the binary and the location of local states. With
    `variables` the values in its variable files are inputs too: OpenTofu evaluates them in `init`.
    """
    parts = [site.stack.key, site.stack.path, site.init_key, binary, str(states), site.backend]
    if site.lock_file:
        parts.append(hashlib.sha256(site.lock_file).hexdigest())
    if site.stack.workspace != DEFAULT_WORKSPACE:
        parts.append(f"workspace {site.stack.workspace}")
    if site.scratch is not None:
        parts.append(str(site.scratch))
    if variables:
        parts += _variables(site)
    name = hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:24]
    return DataFolder(cache / "init" / name)


def _variables(site: Site) -> Iterator[str]:
    """Returns the content of all variable files of the stack, in order of precedence."""
    paths = sorted(path for path in site.folder.iterdir() if is_automatic_variables(path.name))
    for path in (*paths, *(site.root / name for name in site.stack.var_files)):
        # The command itself reports files that cannot be read.
        with contextlib.suppress(OSError):
            yield f"{path.relative_to(site.root)} {hashlib.sha256(path.read_bytes()).hexdigest()}"


@dataclass(frozen=True, slots=True)
class LocalState:
    """The location of a local state: the settings of the backend `local`, and the resulting file in the stack's
    workspace."""

    settings: Mapping[str, str]
    file: Path


def local_state(states: Path, site: Site) -> LocalState | None:
    """Returns the location of the state of a stack without a remote backend, or of a scratch state; None for a remote
    backend."""
    if site.scratch is not None:
        default = site.scratch / "terraform.tfstate"
    elif site.backend not in LOCAL_BACKENDS:
        return None
    else:
        default = states / site.stack.environment / site.stack.name / "terraform.tfstate"
    if site.stack.workspace == DEFAULT_WORKSPACE:
        return LocalState({"path": str(default)}, default)
    # Terraform stores the states of other workspaces in a folder that `path` does not determine.
    workspaces = default.with_name("terraform.tfstate.d")
    settings = {"path": str(default), "workspace_dir": str(workspaces)}
    return LocalState(settings, workspaces / site.stack.workspace / "terraform.tfstate")


def state_file(states: Path, site: Site) -> Path | None:
    """Returns the file of the state of a stack without a remote backend, or of a scratch state; None for a remote
    backend."""
    local = local_state(states, site)
    return local.file if local is not None else None


def override(local: LocalState) -> str:
    """Returns the override file that redirects a local state there. `-backend-config=path=` alone would have no
    effect."""
    quoted = {
        name: json.dumps(value).replace("${", "$${").replace("%{", "%%{") for name, value in local.settings.items()
    }
    lines = "".join(f"    {name} = {value}\n" for name, value in quoted.items())
    return f'terraform {{\n  backend "local" {{\n{lines}  }}\n}}\n'
