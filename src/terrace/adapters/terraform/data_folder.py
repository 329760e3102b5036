"""TF_DATA_DIR of every stack in a cache, keyed by what `init` depends on, so that it is reused across commits."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from terrace.plans.terraform import Site

LOCK_FILE = ".terraform.lock.hcl"
OVERRIDE = "zz_terrace_override.tf"
"""Terraform merges override files by name, last one last: this one has the last word on the backend."""

LOCAL_BACKENDS = ("", "local")


@dataclass(frozen=True, slots=True)
class DataFolder:
    """One stack's prepared folder. It is ready once `init` has ended well; until then nobody may plan with it."""

    path: Path

    @property
    def ready(self) -> bool:
        return (self.path / "terrace-ready").is_file()

    def mark(self, lock_file: bytes) -> None:
        """Note that `init` ended well, and with which dependency lock file."""
        (self.path / "lock.hcl").write_bytes(lock_file)
        (self.path / "terrace-ready").write_bytes(b"")

    def forget(self) -> None:
        """It turned out not to be ready."""
        (self.path / "terrace-ready").unlink(missing_ok=True)

    @property
    def lock_file(self) -> bytes:
        """The dependency lock file as `init` left it."""
        return (self.path / "lock.hcl").read_bytes()

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Be the only one who prepares it."""
        self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        with (self.path / "terrace.lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def data_folder(cache: Path, site: Site, binary: str, states: Path) -> DataFolder:
    """The folder for this stack, this way of initialising it, this binary and this place of local states."""
    parts = [site.stack.key, site.stack.path, site.init_key, binary, str(states), site.backend]
    if site.lock_file:
        parts.append(hashlib.sha256(site.lock_file).hexdigest())
    if site.scratch is not None:
        parts.append(str(site.scratch))
    name = hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:24]
    return DataFolder(cache / "init" / name)


def state_file(states: Path, site: Site) -> Path | None:
    """Where the state of a stack without a remote backend, or a scratch state, lives; None: in a remote backend."""
    if site.scratch is not None:
        return site.scratch / "terraform.tfstate"
    if site.backend not in LOCAL_BACKENDS:
        return None
    return states / site.stack.environment / site.stack.name / "terraform.tfstate"


def override(state: Path) -> str:
    """The override file that sends a local state there. `-backend-config=path=` alone would do nothing."""
    quoted = json.dumps(str(state)).replace("${", "$${").replace("%{", "%%{")
    return f'terraform {{\n  backend "local" {{\n    path = {quoted}\n  }}\n}}\n'
