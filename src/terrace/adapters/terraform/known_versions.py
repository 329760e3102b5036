"""Remembers the version of a Terraform binary by the identity of its file. Losing the record only costs time. Only
programs built from the sources of Terraform or OpenTofu are remembered. The version of a script or a version manager
can depend on the folder, so that they are run each time.
"""

from __future__ import annotations

import json
import os
import struct
from pathlib import Path
from typing import BinaryIO

from terrace.adapters.cache_file import write_cache

_PACKAGES = (b"path\tgithub.com/hashicorp/terraform\n", b"path\tgithub.com/opentofu/opentofu/cmd/tofu\n")
_ELF = b"\x7fELF\x02\x01"
_MAGIC = b"\xff Go buildinf:"
_SECTION = b".go.buildinfo"
_LOOKED_AT = 4096
_MOST_SECTIONS = 1000


def identity(program: Path) -> str | None:
    """Returns a value that changes whenever the file of a program does; None where its version can depend on more than
    the file."""
    try:
        path = program.resolve(strict=True)
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            built = _build_information(file)
            if not any(package in built for package in _PACKAGES):
                return None
    except (OSError, struct.error, ValueError):
        return None
    # The change time of an inode cannot be set.
    return json.dumps([str(path), status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns])


def recall(cache: Path, program: str) -> str | None:
    """Returns the version of the program with this identity; None where it is not recorded."""
    try:
        record = json.loads(_place(cache).read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    version = record.get(program) if isinstance(record, dict) else None
    return version if isinstance(version, str) else None


def remember(cache: Path, program: str, version: str) -> None:
    """Records the version of one program and replaces the previous record."""
    write_cache(_place(cache), json.dumps({program: version}).encode())


def _place(cache: Path) -> Path:
    return cache / "terraform-version.json"


def _build_information(file: BinaryIO) -> bytes:
    """Returns the start of the Go build information of a program (ELF, 64 bits); empty where there is none."""
    head = file.read(64)
    if head[: len(_ELF)] != _ELF:
        return b""
    (table,) = struct.unpack_from("<Q", head, 40)
    size, count, names_at = struct.unpack_from("<HHH", head, 58)
    if count > _MOST_SECTIONS:
        return b""
    file.seek(table)
    content = file.read(size * count)
    # Each section header has the offset of its name and, from the fifth field on, the offset and size of its content.
    sections = [struct.unpack_from("<I20xQQ", content, size * number) for number in range(count)]
    names = _read(file, *sections[names_at][1:]) if names_at < count else b""
    for name, start, length in sections:
        if names[name : name + len(_SECTION) + 1] == _SECTION + b"\0":
            information = _read(file, start, min(length, _LOOKED_AT))
            return information if information.startswith(_MAGIC) else b""
    return b""


def _read(file: BinaryIO, start: int, length: int) -> bytes:
    file.seek(start)
    return file.read(min(length, 2**20))
