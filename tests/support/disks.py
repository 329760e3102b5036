"""A small disk that can be filled to its last byte."""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

SIZE = 8 * 2**20


@dataclass(frozen=True, slots=True)
class SmallDisk:
    """A file system of its own at `path`."""

    path: Path

    def fill(self) -> None:
        """Take all that is left."""
        with (self.path / "filler").open("ab", buffering=0) as file:
            for size in (2**16, 2**9, 1):
                try:
                    while True:
                        file.write(bytes(size))
                except OSError as error:
                    assert error.errno == errno.ENOSPC, error

    def free(self) -> None:
        """Give it back."""
        (self.path / "filler").unlink()


@contextmanager
def small_disk(path: Path) -> Iterator[SmallDisk]:
    """Mount one. Who may not mount cannot run such a test; in CI that is a failure, elsewhere it is said."""
    path.mkdir()
    sudo = [] if os.getuid() == 0 else ["sudo", "-n"]
    owner = f"size={SIZE},uid={os.getuid()},gid={os.getgid()},mode=700"
    done = subprocess.run([*sudo, "mount", "-t", "tmpfs", "-o", owner, "tmpfs", path], capture_output=True, check=False)
    if done.returncode != 0:
        why = f"a small disk cannot be mounted here: {done.stderr.decode().strip()}"
        if os.environ.get("CI"):
            pytest.fail(why)
        pytest.skip(why)
    try:
        yield SmallDisk(path)
    finally:
        subprocess.run([*sudo, "umount", "-l", path], check=True)
