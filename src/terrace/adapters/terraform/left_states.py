"""Finds states that Terraform left in the user's checkout before Terrace managed the stack."""

from __future__ import annotations

import fcntl
import json
import os
import stat
from collections.abc import Container, Iterator
from pathlib import Path

from terrace.adapters.host import sync_folder
from terrace.adapters.terraform.data_folder import LOCAL_BACKENDS
from terrace.config.model import DEFAULT_WORKSPACE
from terrace.errors import BadInput, NotReady, TerraceError
from terrace.hcl.layout import is_configuration
from terrace.hcl.read_facts import read_facts
from terrace.plans.ports import RecordedBackend
from terrace.stacks.model import Stack
from terrace.states.checkout_states import LeftState, UncommittedBackend
from terrace.states.state_file import STATE_BYTES, holds_nothing, read_state

_NAME = "terraform.tfstate"
_RECORD_BYTES = 2**20
_CONFIGURATION_BYTES = 2**22
_LONGEST_NAME = 1000
_ASIDE = ".adopted"


class CheckoutStates:
    """Searches the checkout at `root`. States below `states` are Terrace's own and never reported."""

    def __init__(self, root: Path, states: Path) -> None:
        self._root = root
        self._states = states

    def find(self, stack: Stack, paths: tuple[str, ...]) -> tuple[LeftState, ...]:
        """Returns the local states with resources or outputs: beside the stack, at these paths, and of workspaces (the
        stack's own, or all where it names none)."""
        states: dict[str, LeftState] = {}
        for path in self._candidates(stack, paths):
            state = _read_left(_without_dots(path))
            if state is not None and (state.problem or not holds_nothing(state.content)):
                states.setdefault(os.path.realpath(path), state)
        return tuple(states.values())

    def _candidates(self, stack: Stack, paths: tuple[str, ...]) -> Iterator[Path]:
        folder = self._root / stack.path
        workspaces = folder / f"{_NAME}.d"
        record = _record(folder)
        local = record.config if record is not None and record.type == "local" else {}
        recorded = str(local.get("path") or "")
        if stack.workspace != DEFAULT_WORKSPACE:
            yield workspaces / stack.workspace / _NAME
            workspace_dir = str(local.get("workspace_dir") or "")
            recorded = f"{workspace_dir}/{stack.workspace}/{_NAME}" if workspace_dir else ""
        else:
            yield folder / _NAME
            if workspaces.is_dir():
                yield from (path / _NAME for path in sorted(workspaces.iterdir()))
        for path in (*paths, recorded):
            if path and "\0" not in path and not _resolve(folder / path).is_relative_to(_resolve(self._states)):
                yield folder / path

    def backend(self, stack: Stack) -> RecordedBackend | None:
        """Returns the non-local backend that a user's `init` recorded for the stack."""
        record = _record(self._root / stack.path)
        return record if record is not None and record.type not in LOCAL_BACKENDS else None

    def uncommitted_backend(self, stack: Stack, committed: Container[str]) -> UncommittedBackend | None:
        """Returns the first block of a non-local backend in an uncommitted file in the stack's folder."""
        folder = self._root / stack.path
        try:
            names = sorted(path.name for path in folder.iterdir() if is_configuration(path.name))
        except OSError:
            return None
        for name in names:
            if stack.file(name) in committed:
                continue
            facts = read_facts(name, _start_of(folder / name))
            if facts.backend is not None and facts.backend.type not in LOCAL_BACKENDS:
                return UncommittedBackend(facts.backend.type, stack.file(name), facts.backend.line)
            if facts.cloud_line:
                return UncommittedBackend("cloud", stack.file(name), facts.cloud_line)
        return None

    def sources(self, stack: Stack, path: str) -> tuple[str, ...]:
        """Returns the paths in the checkout that determine a file of a stack: the file, the records of `init`, their
        folders, and the targets of links."""
        records = (f".terraform/{_NAME}", ".terraform/environment")
        root = self._root.absolute()
        sources: dict[str, None] = {}
        for folder in (root / path, *(root / stack.path / name for name in records)):
            for base, location in ((root, folder), (_resolve(root), _resolve(folder))):
                if location.is_relative_to(base) and ".." not in location.relative_to(base).parts:
                    relative = location.relative_to(base)
                    sources |= dict.fromkeys(str(each) for each in (relative, *relative.parents))
        return tuple(sources)

    def read(self, path: str) -> LeftState:
        """Returns the state in a file of that path. Raises BadInput where there is none."""
        state = _read_left(Path(path).absolute())
        if state is None:
            raise BadInput(f"{path} is not a state file", hint="pass the file that Terraform wrote: --from PATH")
        return state

    def put_aside(self, state: LeftState) -> str:
        """Renames the file of a migrated state, so that no command uses it as the state; returns its new path. Raises
        NotReady where that fails, and where the file changed in between.
        """
        path = Path(state.path)
        now = _read_left(path)
        if now is None or now.content != state.content:
            raise NotReady(
                f"{path} changed while its state was migrated. It was not renamed.",
                hint="compare it with the state (`terrace state diff`), then move it away manually",
            )
        target = _unused_name(path)
        try:
            path.rename(target)
            sync_folder(target.parent)
        except OSError as error:
            raise NotReady(
                f"the state was migrated, but {path} cannot be renamed: {error.strerror}",
                hint="move it away manually: Terraform would still use it as the state",
            ) from error
        return str(target)


def _resolve(path: Path) -> Path:
    """Returns the target of a path. Circular links are not an error."""
    return Path(os.path.realpath(path))


def _without_dots(path: Path) -> Path:
    """Returns the path without `..` where that is the same file: after a link to a folder it may not be."""
    shorter = Path(os.path.normpath(path))
    return shorter if _resolve(shorter) == _resolve(path) else path


def _unused_name(path: Path) -> Path:
    """Returns an unused name beside the file."""
    names = (path.with_name(f"{path.name}{_ASIDE}{number or ''}") for number in range(1000))
    return next(name for name in names if not os.path.lexists(name))


def _read_left(path: Path) -> LeftState | None:
    """Returns the state in a file; None where there is no file or an empty one. Pipes and devices are not opened."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            return None
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                return None
            if _is_locked(descriptor):
                return LeftState(str(path), b"", "a Terraform process has locked it; wait until it finishes")
            content = file.read(STATE_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:
        return LeftState(str(path), b"", f"it cannot be read: {error}")
    if not content.strip():
        return None
    try:
        read_state(content, "it")
    except TerraceError as error:
        return LeftState(str(path), content, error.message)
    return LeftState(str(path), content)


def _is_locked(descriptor: int) -> bool:
    """Returns whether another process holds the lock of Terraform's backend `local` on an open file."""
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        # On a file system without locks, Terraform cannot lock either.
        return False
    fcntl.lockf(descriptor, fcntl.LOCK_UN)
    return False


def _start_of(path: Path, size: int = _CONFIGURATION_BYTES) -> bytes:
    """Returns the content of a file; empty where there is none or it cannot be read. Pipes are not read."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            return file.read(size) if stat.S_ISREG(os.fstat(descriptor).st_mode) else b""
    except OSError:
        return b""


def _record(folder: Path) -> RecordedBackend | None:
    """Returns the record of `init` in the folder, as far as it has Terraform's format."""
    try:
        backend = json.loads(_start_of(folder / ".terraform" / _NAME, _RECORD_BYTES))["backend"]
        return RecordedBackend(str(backend["type"]), dict(backend["config"]), _selected_workspace(folder))
    except (ValueError, TypeError, KeyError, RecursionError):
        return None


def _selected_workspace(folder: Path) -> str:
    """Returns the workspace that a user selected in the folder."""
    try:
        return _start_of(folder / ".terraform" / "environment", _LONGEST_NAME).decode().strip() or DEFAULT_WORKSPACE
    except ValueError:
        return DEFAULT_WORKSPACE
