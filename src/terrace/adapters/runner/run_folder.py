"""One apply's folder on disk, and what it proves. Its files are the only words between the runner and whoever waits.

intent.json    it was meant to be started; written before the runner is
started.json   the runner is about to start Terraform; without it Terraform was never started
log.jsonl      what Terraform said
exit.json      how it ended; appears whole or not at all
lock           held by the runner and by every child that it leaves behind
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from terrace.errors import Corrupt


@dataclass(frozen=True, slots=True)
class RunFolder:
    """The folder of one attempt. Every write is on disk before it returns."""

    path: Path

    @property
    def log(self) -> Path:
        return self.path / "log.jsonl"

    @property
    def lock(self) -> Path:
        return self.path / "lock"

    @property
    def exists(self) -> bool:
        return self.path.is_dir()

    @property
    def started(self) -> bool:
        return (self.path / "started.json").is_file()

    @property
    def held(self) -> bool:
        """Whether the runner, or something that Terraform left behind, still lives."""
        try:
            descriptor = os.open(self.lock, os.O_RDWR)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)
        return False

    def write(self, name: str, record: Mapping[str, Any]) -> None:
        """Put a file there, whole or not at all, and make it last."""
        fresh = self.path / f".{name}.new"
        # Through a file object: the system may take a part only of one write, and then say that the disk is full.
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(json.dumps(record, sort_keys=True).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self.path / name)
        self._settle()

    def read(self, name: str) -> dict[str, Any] | None:
        """A file's content, None when it is not there. Raises Corrupt when it is not what we write."""
        try:
            text = (self.path / name).read_bytes()
        except FileNotFoundError:
            return None
        try:
            found = json.loads(text)
        except ValueError as error:
            raise Corrupt(f"{self.path / name} is damaged", hint="the disk may be; look at the cloud itself") from error
        if not isinstance(found, dict):
            raise Corrupt(f"{self.path / name} is damaged")
        return found

    def _settle(self) -> None:
        descriptor = os.open(self.path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
