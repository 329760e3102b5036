"""A provider's package as `init` installed it: its program, and the proof that it is what the lock file names.

A provider that Terraform reaches through TF_REATTACH_PROVIDERS is not checked by it, so that this must be done here.
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

from terrace.adapters.terraform.fast.kept import keep
from terrace.hcl.lock_file import LockedProvider

_MACHINES = {"x86_64": "amd64", "aarch64": "arm64", "i686": "386", "armv7l": "arm"}


class NotProven(Exception):
    """Nothing proves that this program is the one that the lock file names."""


class NotInstalled(NotProven):
    """It is not where `init` puts it: Terraform will ask for another `init`."""


@dataclass(frozen=True, slots=True)
class Package:
    """A provider's program that the lock file vouches for. `checksum` is the package's `h1:` hash."""

    address: str
    version: str
    program: Path
    checksum: str


def package_folder(data: Path, locked: LockedProvider) -> Path:
    """Where `init` puts a provider below the data folder."""
    machine = platform.machine().lower()
    system = f"{sys.platform}_{_MACHINES.get(machine, machine)}"
    return data / "providers" / locked.address / locked.version / system


def package_of(data: Path, locked: LockedProvider, seals: Path) -> Package:
    """The proven package of a provider. `seals` keeps which files were hashed, and as what. Raises NotProven."""
    folder = package_folder(data, locked)
    if not folder.is_dir():
        raise NotInstalled("it is not installed where init puts it")
    known = {entry for entry in locked.hashes if entry.startswith("h1:")}
    if not known:
        raise NotProven("the lock file holds no h1: hash of it")
    checksum = _checksum(folder.resolve(), seals)
    if checksum not in known:
        raise NotProven(f"its files hash to {checksum}, which the lock file does not name")
    return Package(locked.address, locked.version, _program(folder.resolve(), locked), checksum)


def _program(folder: Path, locked: LockedProvider) -> Path:
    """The one program of the package, found as Terraform finds it: by its name."""
    name = f"terraform-provider-{locked.address.rsplit('/', 1)[-1]}"
    fitting = [p for p in folder.iterdir() if p.is_file() and (p.name == name or p.name.startswith(f"{name}_"))]
    if len(fitting) != 1:
        raise NotProven(f"its package holds {len(fitting)} programs")
    return fitting[0]


def _checksum(folder: Path, seals: Path) -> str:
    """The package's `h1:` hash, made anew whenever one of its files is another one than when it was made last."""
    files = sorted((str(p.relative_to(folder)), p) for p in folder.rglob("*") if p.is_file())
    looks = json.dumps([(name, _look(path)) for name, path in files])
    with _HASHING:
        return _sealed(folder, files, looks, seals)


_HASHING = threading.Lock()
"""Stacks have their providers in common: whoever comes second finds what the first has hashed."""


def _sealed(folder: Path, files: list[tuple[str, Path]], looks: str, seals: Path) -> str:
    seal = seals / hashlib.sha256(f"{folder}\n{looks}".encode()).hexdigest()
    kept = seal.read_bytes().decode("ascii", "replace") if seal.is_file() else ""
    # A seal that was cut off is no seal: 47 characters are the whole of one.
    if len(kept) == 47 and kept.startswith("h1:"):
        return kept
    checksum = _h1(files)
    keep(seal, checksum.encode())
    return checksum


def _look(path: Path) -> tuple[int, ...]:
    """What changes whenever a file is written or replaced. The time of the last change of its inode cannot be set."""
    stat = path.stat()
    return (stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)


def _h1(files: list[tuple[str, Path]]) -> str:
    """Go's `dirhash.Hash1` (golang.org/x/mod/sumdb/dirhash): SHA-256 of the lines "SHA-256 of a file, its name"."""
    lines = []
    for name, path in files:
        with path.open("rb") as file:
            lines.append(f"{hashlib.file_digest(file, 'sha256').hexdigest()}  {name}\n")
    return "h1:" + base64.b64encode(hashlib.sha256("".join(lines).encode()).digest()).decode()
