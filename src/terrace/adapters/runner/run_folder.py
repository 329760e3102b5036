"""One apply's folder on disk, and what it proves. Its files are the only words between the runner and who waits for it.

intent.json    it was prepared; written before the intent in the ledger
lock           held by the process that prepares it, then by the runner and by every child that it leaves behind
started.json   the runner has taken the permit and is about to start Terraform
log.jsonl      what Terraform said; cut, and marked so, where that is more than its bound
exit.json      how it ended; appears whole or not at all

Every record names the attempt and the nonce that the ledger knows: a record of another attempt proves nothing.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import msgspec

from terrace import typed_json
from terrace.adapters.host import LOCAL_FILE_SYSTEMS, file_identity, file_system, sync_folder
from terrace.errors import BadInput, Corrupt

if TYPE_CHECKING:
    # Each runner of an apply would import half of Terrace for the name of a type.
    from terrace.plans.terraform import Attempt

ATTEMPT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
"""What the id of an attempt may be: it names a folder, and comes from the ledger."""

_HINT = "what the apply did must be looked for in the cloud itself: `terrace resume ENV` asks about it"


class Bound(msgspec.Struct, frozen=True, kw_only=True):
    """What every record of a run holds: which attempt it is about."""

    attempt: str
    nonce: str
    sha256: str


class Intent(Bound, frozen=True, kw_only=True):
    """What the runner is to start."""

    ledger: str
    deployment: str
    command: list[str]
    cwd: str
    saved: str
    stack: str
    path: str
    permit: str
    lane: dict[str, Any] | None = None


class Started(Bound, frozen=True, kw_only=True):
    """The runner, right before it starts Terraform."""

    pid: int
    pid_namespace: str
    started: str
    at: float


class LogSeal(msgspec.Struct, frozen=True):
    """The log as it was when Terraform had ended. `cut` is how many bytes were left out of it, at least."""

    size: int
    sha256: str
    cut: int = 0


class Ended(Bound, frozen=True, kw_only=True):
    """How a run ended. `end` says whether Terraform was started at all."""

    end: Literal["ended", "not started"]
    code: int
    at: float
    reason: str = ""
    interrupted: bool = False
    log: LogSeal | None = None
    unsaved_state: bool = False


B = TypeVar("B", bound=Bound)


class Lock(Enum):
    """What a look at the lock of a run proves."""

    HELD = "held"
    FREE = "free"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class RunFolder:
    """The folder of one attempt. Every write is on disk before it returns."""

    path: Path

    @staticmethod
    def of(folder: Path, attempt: str) -> RunFolder:
        """The folder of an attempt below the folder of all runs. Raises BadInput when the id cannot name one."""
        if ATTEMPT.fullmatch(attempt) is None:
            raise BadInput(
                f"{attempt[:80]!r} is no id of an attempt",
                hint="the ledger was changed by hand: `terrace ledger verify`",
            )
        return RunFolder(folder / attempt)

    @property
    def log(self) -> Path:
        return self.path / "log.jsonl"

    @property
    def lock(self) -> Path:
        return self.path / "lock"

    @property
    def unsaved(self) -> Path:
        """The state that Terraform could not write to its backend."""
        return self.path / "errored.tfstate"

    @property
    def started(self) -> bool:
        return (self.path / "started.json").is_file()

    def look_at_lock(self, identity: str) -> Lock:
        """Whether the runner, or something that it left behind, lives.

        A lock that is held is held. One that is free proves death only if it is the very file that was locked when the
        attempt was prepared, on a file system whose locks every process of this machine sees.
        """
        try:
            descriptor = os.open(self.lock, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError:
            return Lock.UNKNOWN
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            same = bool(identity) and file_identity(os.fstat(descriptor)) == identity
        except BlockingIOError:
            return Lock.HELD
        except OSError:
            return Lock.UNKNOWN
        finally:
            os.close(descriptor)
        return Lock.FREE if same and file_system(self.path) in LOCAL_FILE_SYSTEMS else Lock.UNKNOWN

    def write(self, name: str, record: Mapping[str, Any]) -> None:
        """Put a file there, whole or not at all, and make it last."""
        fresh = self.path / f".{name}.new"
        # Through a file object: the system may take a part only of one write, and then say that the disk is full.
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(json.dumps(record, sort_keys=True).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self.path / name)
        sync_folder(self.path)

    def record(self, name: str, kind: type[B], attempt: Attempt) -> B | None:
        """A record of that attempt, None when it is not there.

        Raises Corrupt when it is not what we write, or belongs to another attempt.
        """
        try:
            text = (self.path / name).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise Corrupt(f"{self.path / name} cannot be read: {error.strerror}", hint=_HINT) from error
        try:
            found = typed_json.decode(text, kind)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise Corrupt(f"{self.path / name} is damaged: {error}", hint=_HINT) from error
        bound = (found.attempt, found.nonce, found.sha256)
        if not attempt.prepared.nonce or bound != (attempt.id, attempt.prepared.nonce, attempt.sha256):
            raise Corrupt(f"{self.path / name} belongs to another attempt than {attempt.id}", hint=_HINT)
        return found
