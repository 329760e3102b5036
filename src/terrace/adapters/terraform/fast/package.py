"""A provider's package as `init` installed it: its program, and the proof that it is the locked one. Terraform does not
verify providers that it reaches through TF_REATTACH_PROVIDERS, so that this is done here.
"""

from __future__ import annotations

import base64
import hashlib
import json
import platform
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

from terrace.adapters.cache_file import write_cache
from terrace.hcl.lock_file import LockedProvider

_MACHINES = {"x86_64": "amd64", "aarch64": "arm64", "i686": "386", "armv7l": "arm"}


class NotProven(Exception):
    """There is no proof that this program is the locked one."""


class NotInstalled(NotProven):
    """It is not installed: Terraform will require another `init`."""


@dataclass(frozen=True, slots=True)
class Package:
    """A provider's program that matches the lock file. `checksum` is the package's `h1:` hash."""

    address: str
    version: str
    program: Path
    checksum: str


def package_folder(data: Path, locked: LockedProvider) -> Path:
    """Returns the folder of a provider below the data folder, as `init` names it."""
    machine = platform.machine().lower()
    system = f"{sys.platform}_{_MACHINES.get(machine, machine)}"
    return data / "providers" / locked.address / locked.version / system


def package_of(data: Path, locked: LockedProvider, seals: Path) -> Package:
    """Returns the proven package of a provider. `seals` is a cache of hashes. Raises NotProven."""
    folder = package_folder(data, locked)
    if not folder.is_dir():
        raise NotInstalled("it is not installed where init puts it")
    hashes = {entry for entry in locked.hashes if entry.startswith("h1:")}
    if not hashes:
        raise NotProven("the lock file has no h1: hash for it")
    checksum = _checksum(folder.resolve(), seals)
    if checksum not in hashes:
        raise NotProven(f"its files have the hash {checksum}, which is not in the lock file")
    return Package(locked.address, locked.version, _program(folder.resolve(), locked), checksum)


def _program(folder: Path, locked: LockedProvider) -> Path:
    """Returns the program of the package, found by its name, as Terraform does."""
    name = f"terraform-provider-{locked.address.rsplit('/', 1)[-1]}"
    fitting = [p for p in folder.iterdir() if p.is_file() and (p.name == name or p.name.startswith(f"{name}_"))]
    if len(fitting) != 1:
        raise NotProven(f"its package contains {len(fitting)} programs")
    return fitting[0]


def _checksum(folder: Path, seals: Path) -> str:
    """Returns the package's `h1:` hash, which is computed again after any change of its files."""
    files = sorted((str(p.relative_to(folder)), p) for p in folder.rglob("*") if p.is_file())
    looks = json.dumps([(name, _look(path)) for name, path in files])
    with _HASHING:
        return _seal(folder, files, looks, seals)


_HASHING = threading.Lock()
"""Stacks share providers: the second one uses the hash of the first."""


def _seal(folder: Path, files: list[tuple[str, Path]], looks: str, seals: Path) -> str:
    seal = seals / hashlib.sha256(f"{folder}\n{looks}".encode()).hexdigest()
    recorded = seal.read_bytes().decode("ascii", "replace") if seal.is_file() else ""
    # A complete hash has 47 characters; a truncated one is ignored.
    if len(recorded) == 47 and recorded.startswith("h1:"):
        return recorded
    checksum = _h1(files)
    write_cache(seal, checksum.encode())
    return checksum


def _look(path: Path) -> tuple[int, ...]:
    """Returns values that change whenever a file is written or replaced. The change time of an inode cannot be set."""
    stat = path.stat()
    return (stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)


def _h1(files: list[tuple[str, Path]]) -> str:
    """Go's `dirhash.Hash1` (golang.org/x/mod/sumdb/dirhash): SHA-256 of the lines "SHA-256 of a file, its name"."""
    lines = []
    for name, path in files:
        with path.open("rb") as file:
            lines.append(f"{hashlib.file_digest(file, 'sha256').hexdigest()}  {name}\n")
    return "h1:" + base64.b64encode(hashlib.sha256("".join(lines).encode()).digest()).decode()
