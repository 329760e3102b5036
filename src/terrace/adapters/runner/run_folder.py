"""The folder of one apply on disk, as evidence of it. The runner and the waiting process communicate only through its
files.

intent.json the apply was prepared; written before the intent in the ledger lock held by the process that prepares it,
then by the runner and by every child that it leaves behind started.json the runner has taken the permit and is about to
start Terraform log.jsonl the output of Terraform; truncated, with a mark, beyond its limit exit.json the result;
written atomically

Every record names the attempt and the nonce in the ledger: a record of another attempt is not evidence.
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
    # At run time, each runner would import half of Terrace for the name of a type.
    from terrace.plans.ports import Attempt

ATTEMPT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
"""The grammar of attempt ids, which are names of folders and come from the ledger."""

_HINT = "check the cloud itself for the effects of the apply: `terrace resume ENV` asks about them"


class AttemptRecord(msgspec.Struct, frozen=True, kw_only=True):
    """The common fields of all records of a run: the attempt."""

    attempt: str
    nonce: str
    sha256: str


class Intent(AttemptRecord, frozen=True, kw_only=True):
    """The apply that the runner starts."""

    ledger: str
    deployment: str
    command: list[str]
    cwd: str
    saved: str
    stack: str
    path: str
    permit: str
    lane: dict[str, Any] | None = None


class Started(AttemptRecord, frozen=True, kw_only=True):
    """The runner, right before it starts Terraform."""

    pid: int
    pid_namespace: str
    started: str
    at: float


class LogSeal(msgspec.Struct, frozen=True):
    """The log at the end of Terraform. `cut` is the minimum number of bytes that were dropped from it."""

    size: int
    sha256: str
    cut: int = 0


class Ended(AttemptRecord, frozen=True, kw_only=True):
    """The result of a run. `end` is whether Terraform was started at all."""

    end: Literal["ended", "not started"]
    code: int
    at: float
    reason: str = ""
    interrupted: bool = False
    log: LogSeal | None = None
    unsaved_state: bool = False


B = TypeVar("B", bound=AttemptRecord)


class Lock(Enum):
    """The evidence from the lock of a run."""

    HELD = "held"
    FREE = "free"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class RunFolder:
    """The folder of one attempt. All writes are durable when they return."""

    path: Path

    @staticmethod
    def of(folder: Path, attempt: str) -> RunFolder:
        """Returns the folder of an attempt below the folder of all runs. Raises BadInput for an invalid id."""
        if ATTEMPT.fullmatch(attempt) is None:
            raise BadInput(
                f"{attempt[:80]!r} is not a valid attempt id",
                hint="the ledger was not written by Terrace alone; check it with `terrace ledger verify`",
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
        """The file of a state that Terraform could not write to its backend."""
        return self.path / "errored.tfstate"

    @property
    def started(self) -> bool:
        return (self.path / "started.json").is_file()

    def check_lock(self, identity: str) -> Lock:
        """Returns whether the runner, or a remaining child process, is running. A free lock proves that they have
        ended only if it is the same file that was locked when the attempt was prepared, on a file system whose locks
        all processes of this machine see.
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
        """Writes a file atomically and durably."""
        fresh = self.path / f".{name}.new"
        # Through a file object: the system can accept only a part of a write before it reports a full disk.
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(json.dumps(record, sort_keys=True).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self.path / name)
        sync_folder(self.path)

    def record(self, name: str, kind: type[B], attempt: Attempt) -> B | None:
        """Returns a record of that attempt, None where there is none. Raises Corrupt where it is damaged or belongs to
        another attempt.
        """
        try:
            text = (self.path / name).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise Corrupt(f"{self.path / name} cannot be read: {error.strerror}", hint=_HINT) from error
        try:
            record = typed_json.decode(text, kind)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise Corrupt(f"{self.path / name} is damaged: {error}", hint=_HINT) from error
        bound = (record.attempt, record.nonce, record.sha256)
        if not attempt.prepared.nonce or bound != (attempt.id, attempt.prepared.nonce, attempt.sha256):
            raise Corrupt(f"{self.path / name} does not belong to the attempt {attempt.id}", hint=_HINT)
        return record
