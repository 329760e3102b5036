"""Remembers which version a binary of Terraform told, by the identity of its file. Losing it costs time, nothing else.

Only a program that was built from the sources of Terraform or OpenTofu is remembered. A script, or the program of a
version manager, may answer by the folder it is started in, so it is asked each time.
"""

from __future__ import annotations

import json
import os
import struct
from pathlib import Path
from typing import BinaryIO

from terrace.adapters.terraform.fast.kept import keep

_PACKAGES = (b"path\tgithub.com/hashicorp/terraform\n", b"path\tgithub.com/opentofu/opentofu/cmd/tofu\n")
_ELF = b"\x7fELF\x02\x01"
_MAGIC = b"\xff Go buildinf:"
_SECTION = b".go.buildinfo"
_LOOKED_AT = 4096
_MOST_SECTIONS = 1000


def identity(program: Path) -> str | None:
    """What changes whenever the file of a program does; None where its answer may depend on more than the file."""
    try:
        path = program.resolve(strict=True)
        with path.open("rb") as file:
            seen = os.fstat(file.fileno())
            built = _build_information(file)
            if not any(one in built for one in _PACKAGES):
                return None
    except (OSError, struct.error, ValueError):
        return None
    # The time of an inode's last change cannot be set.
    return json.dumps([str(path), seen.st_dev, seen.st_ino, seen.st_size, seen.st_mtime_ns, seen.st_ctime_ns])


def recall(cache: Path, program: str) -> str | None:
    """The version that the program of this identity told; None where that is not known."""
    try:
        told = json.loads(_place(cache).read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    version = told.get(program) if isinstance(told, dict) else None
    return version if isinstance(version, str) else None


def remember(cache: Path, program: str, version: str) -> None:
    """Keep the version of one program, in the place of any other."""
    keep(_place(cache), json.dumps({program: version}).encode())


def _place(cache: Path) -> Path:
    return cache / "terraform-version.json"


def _build_information(file: BinaryIO) -> bytes:
    """The beginning of what the Go linker writes about a program (ELF, 64 bits); empty where there is none."""
    head = file.read(64)
    if head[: len(_ELF)] != _ELF:
        return b""
    (table,) = struct.unpack_from("<Q", head, 40)
    size, count, names_at = struct.unpack_from("<HHH", head, 58)
    if count > _MOST_SECTIONS:
        return b""
    file.seek(table)
    content = file.read(size * count)
    # Each section: where its name is, and from the fifth field on where its content is and how long.
    sections = [struct.unpack_from("<I20xQQ", content, size * number) for number in range(count)]
    names = _read(file, *sections[names_at][1:]) if names_at < count else b""
    for name, start, length in sections:
        if names[name : name + len(_SECTION) + 1] == _SECTION + b"\0":
            found = _read(file, start, min(length, _LOOKED_AT))
            return found if found.startswith(_MAGIC) else b""
    return b""


def _read(file: BinaryIO, start: int, length: int) -> bytes:
    file.seek(start)
    return file.read(min(length, 2**20))
