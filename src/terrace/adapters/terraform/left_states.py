"""Finds the states that Terraform left in the user's checkout before Terrace deployed anything."""

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
from terrace.plans.terraform import RecordedBackend
from terrace.stacks.model import Stack
from terrace.states.checkout_states import LeftState, UncommittedBackend
from terrace.states.state_file import STATE_BYTES, holds_nothing, read_state

_NAME = "terraform.tfstate"
_RECORD_BYTES = 2**20
_CONFIGURATION_BYTES = 2**22
_LONGEST_NAME = 1000
_ASIDE = ".adopted"


class CheckoutStates:
    """Looks in the checkout at `root`. What lies below `states` is Terrace's own, and never counts as left."""

    def __init__(self, root: Path, states: Path) -> None:
        self._root = root
        self._states = states

    def find(self, stack: Stack, paths: tuple[str, ...]) -> tuple[LeftState, ...]:
        """Returns the local states with objects or outputs: beside the stack, at these paths, and of workspaces: of its
        own, or of every one where it names none."""
        found: dict[str, LeftState] = {}
        for path in self._candidates(stack, paths):
            left = _left(_without_dots(path))
            if left is not None and (left.problem or not holds_nothing(left.content)):
                found.setdefault(os.path.realpath(path), left)
        return tuple(found.values())

    def _candidates(self, stack: Stack, paths: tuple[str, ...]) -> Iterator[Path]:
        folder = self._root / stack.path
        workspaces = folder / f"{_NAME}.d"
        record = _record(folder)
        local = record.config if record is not None and record.type == "local" else {}
        recorded = str(local.get("path") or "")
        if stack.workspace != DEFAULT_WORKSPACE:
            yield workspaces / stack.workspace / _NAME
            there = str(local.get("workspace_dir") or "")
            recorded = f"{there}/{stack.workspace}/{_NAME}" if there else ""
        else:
            yield folder / _NAME
            if workspaces.is_dir():
                yield from (one / _NAME for one in sorted(workspaces.iterdir()))
        for path in (*paths, recorded):
            if path and "\0" not in path and not _real(folder / path).is_relative_to(_real(self._states)):
                yield folder / path

    def backend(self, stack: Stack) -> RecordedBackend | None:
        """Returns the backend other than a local one that a user's `init` recorded for the stack."""
        record = _record(self._root / stack.path)
        return record if record is not None and record.type not in LOCAL_BACKENDS else None

    def uncommitted_backend(self, stack: Stack, committed: Container[str]) -> UncommittedBackend | None:
        """Returns the first block of a backend other than a local one in a file of the stack's folder that is not
        among the paths of a commit."""
        folder = self._root / stack.path
        try:
            names = sorted(one.name for one in folder.iterdir() if is_configuration(one.name))
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
        """Returns the paths in the checkout that decide what a file of a stack is: itself, what `init` recorded for the
        stack, their folders, and what links lead to."""
        records = (f".terraform/{_NAME}", ".terraform/environment")
        root = self._root.absolute()
        found: dict[str, None] = {}
        for one in (root / path, *(root / stack.path / name for name in records)):
            for base, there in ((root, one), (_real(root), _real(one))):
                if there.is_relative_to(base) and ".." not in there.relative_to(base).parts:
                    relative = there.relative_to(base)
                    found |= dict.fromkeys(str(each) for each in (relative, *relative.parents))
        return tuple(found)

    def read(self, path: str) -> LeftState:
        """Returns the state in a file of that path. Raises BadInput where there is none."""
        left = _left(Path(path).absolute())
        if left is None:
            raise BadInput(f"{path} is no file with a state", hint="name the file that Terraform wrote: --from PATH")
        return left

    def put_aside(self, left: LeftState) -> str:
        """Renames the file of a state that was moved, so that no command takes it for the state; returns its new path.

        Raises NotReady where that cannot be done, and where the file has another content by now.
        """
        path = Path(left.path)
        now = _left(path)
        if now is None or now.content != left.content:
            raise NotReady(
                f"{path} changed while its state was moved: it stays where it is",
                hint="compare it with the state (`terrace state diff`), and move it away by hand",
            )
        target = _free(path)
        try:
            path.rename(target)
            sync_folder(target.parent)
        except OSError as error:
            raise NotReady(
                f"the state was moved, and {path} cannot be renamed: {error.strerror}",
                hint="move it away by hand: Terraform would still take it for the state",
            ) from error
        return str(target)


def _real(path: Path) -> Path:
    """Where a path leads; links in a circle are no error."""
    return Path(os.path.realpath(path))


def _without_dots(path: Path) -> Path:
    """The path without `..`, where it leads to the same file: after a link to a folder it may lead elsewhere."""
    shorter = Path(os.path.normpath(path))
    return shorter if _real(shorter) == _real(path) else path


def _free(path: Path) -> Path:
    """A name beside the file that nothing has."""
    names = (path.with_name(f"{path.name}{_ASIDE}{number or ''}") for number in range(1000))
    return next(one for one in names if not os.path.lexists(one))


def _left(path: Path) -> LeftState | None:
    """The state in a file; None where there is no file or an empty one. Pipes and devices are not opened."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            return None
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                return None
            if _is_locked(descriptor):
                return LeftState(str(path), b"", "a process of Terraform has it locked: wait for its end")
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
    """Whether another process has the lock of Terraform's backend `local` on an open file."""
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        # A file system without locks: Terraform has none there either.
        return False
    fcntl.lockf(descriptor, fcntl.LOCK_UN)
    return False


def _start_of(path: Path, size: int = _CONFIGURATION_BYTES) -> bytes:
    """The content of a file; nothing where it is none, or cannot be read. Pipes are not waited for."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            return file.read(size) if stat.S_ISREG(os.fstat(descriptor).st_mode) else b""
    except OSError:
        return b""


def _record(folder: Path) -> RecordedBackend | None:
    """What `init` noted in the folder, as far as it is what Terraform writes."""
    try:
        told = json.loads(_start_of(folder / ".terraform" / _NAME, _RECORD_BYTES))["backend"]
        return RecordedBackend(str(told["type"]), dict(told["config"]), _selected(folder))
    except (ValueError, TypeError, KeyError, RecursionError):
        return None


def _selected(folder: Path) -> str:
    """The workspace that a user selected in the folder."""
    try:
        return _start_of(folder / ".terraform" / "environment", _LONGEST_NAME).decode().strip() or DEFAULT_WORKSPACE
    except ValueError:
        return DEFAULT_WORKSPACE
