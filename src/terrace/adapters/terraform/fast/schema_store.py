"""A cache of provider schemas on disk, by provider address, version and checksum. Truncated or changed files are not
used."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from terrace.adapters.cache_file import write_cache

_MAGIC = b"terrace provider schema 1\n"


@dataclass(frozen=True, slots=True)
class EncodedSchemas:
    """The schemas of a provider, encoded. `protocol` is the version of its plugin protocol. `identities` is None where
    the provider does not support that request.
    """

    protocol: int
    schema: bytes = field(repr=False)
    identities: bytes | None = field(repr=False)


class SchemaStore:
    """One file per provider. Several processes can share the folder: files are written atomically."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, address: str, version: str, checksum: str) -> EncodedSchemas | None:
        """Returns the cached schemas; None where there are none that are complete."""
        try:
            with self._path(address, version, checksum).open("rb") as file:
                return _read(file)
        except (OSError, ValueError):
            return None

    def write(self, address: str, version: str, checksum: str, answers: EncodedSchemas) -> None:
        """Caches schemas. Errors such as a full disk are ignored: the provider is then asked again."""
        path = self._path(address, version, checksum)
        identities = answers.identities if answers.identities is not None else b""
        head = f"{answers.protocol} {len(answers.schema)} {len(identities)} {int(answers.identities is not None)}\n"
        body = head.encode() + answers.schema + identities
        write_cache(path, _MAGIC + hashlib.sha256(body).hexdigest().encode() + b"\n" + body)

    def _path(self, address: str, version: str, checksum: str) -> Path:
        name = hashlib.sha256("\n".join((address, version, checksum)).encode()).hexdigest()
        return self._folder / f"{address.rsplit('/', 1)[-1]}-{version}-{name[:24]}"


def _read(file: BinaryIO) -> EncodedSchemas:
    if file.readline() != _MAGIC:
        raise ValueError("not a schema file of this version")
    digest = file.readline().strip().decode()
    body = file.read()
    if hashlib.sha256(body).hexdigest() != digest:
        raise ValueError("truncated")
    head, _, rest = body.partition(b"\n")
    protocol, length, _, identities_length = (int(part) for part in head.split())
    return EncodedSchemas(protocol, rest[:length], rest[length:] if identities_length else None)
