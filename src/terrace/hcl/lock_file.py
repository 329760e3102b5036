"""Reads the dependency lock file: the version and the hashes of every provider."""

from __future__ import annotations

from dataclasses import dataclass

from terrace.hcl.blocks import read_blocks


@dataclass(frozen=True, slots=True)
class LockedProvider:
    """One provider of the lock file. `hashes` as it has them: `h1:` of the unpacked package, `zh:` of archives."""

    address: str
    version: str
    hashes: tuple[str, ...]


def read_lock_file(content: bytes) -> tuple[LockedProvider, ...]:
    """Returns every provider in a lock file. Its version and hashes are empty where they are missing."""
    locked = []
    for block in read_blocks(".terraform.lock.hcl", content).root.blocks("provider"):
        if len(block.labels) == 1:
            version = block.attributes["version"].text() if "version" in block.attributes else ""
            hashes = block.attributes["hashes"].items() if "hashes" in block.attributes else ()
            texts = tuple(text for item in hashes if (text := item.text()) is not None)
            locked.append(LockedProvider(block.labels[0], version or "", texts))
    return tuple(locked)
