"""Answers about schemas on disk, by provider address, version and checksum. What was cut off or changed is not used."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from terrace.adapters.terraform.fast.kept import keep

_MAGIC = b"terrace provider schema 1\n"


@dataclass(frozen=True, slots=True)
class Answers:
    """What a provider answers when it is asked for its schemas. `protocol` is the plugin protocol that it spoke.

    `identities` is None for a provider that does not know that question.
    """

    protocol: int
    schema: bytes = field(repr=False)
    identities: bytes | None = field(repr=False)


class SchemaStore:
    """One file a provider. Many processes may use the same folder: a file is put in place whole, or not at all."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, address: str, version: str, checksum: str) -> Answers | None:
        """The kept answers; None when there are none that are whole."""
        try:
            with self._path(address, version, checksum).open("rb") as file:
                return _read(file)
        except (OSError, ValueError):
            return None

    def write(self, address: str, version: str, checksum: str, answers: Answers) -> None:
        """Keep them where there is room; where there is none they are asked for again next time."""
        path = self._path(address, version, checksum)
        identities = answers.identities if answers.identities is not None else b""
        head = f"{answers.protocol} {len(answers.schema)} {len(identities)} {int(answers.identities is not None)}\n"
        body = head.encode() + answers.schema + identities
        keep(path, _MAGIC + hashlib.sha256(body).hexdigest().encode() + b"\n" + body)

    def _path(self, address: str, version: str, checksum: str) -> Path:
        name = hashlib.sha256("\n".join((address, version, checksum)).encode()).hexdigest()
        return self._folder / f"{address.rsplit('/', 1)[-1]}-{version}-{name[:24]}"


def _read(file: BinaryIO) -> Answers:
    if file.readline() != _MAGIC:
        raise ValueError("no schema of this version")
    digest = file.readline().strip().decode()
    body = file.read()
    if hashlib.sha256(body).hexdigest() != digest:
        raise ValueError("cut off")
    head, _, rest = body.partition(b"\n")
    protocol, length, _, known = (int(part) for part in head.split())
    return Answers(protocol, rest[:length], rest[length:] if known else None)
