"""The dependency lock file: which version of every provider, and by which hashes it is known."""

from __future__ import annotations

from dataclasses import dataclass

from terrace.hcl.syntax import attributes, blocks, everything, head, parse, text_of


@dataclass(frozen=True, slots=True)
class Locked:
    """One provider of the lock file. `hashes` as they stand there: `h1:` of the unpacked package, `zh:` of archives."""

    address: str
    version: str
    hashes: tuple[str, ...]


def read_lock_file(content: bytes) -> tuple[Locked, ...]:
    """Every provider that the lock file names; what it does not say of one is empty."""
    found = []
    for block in blocks(parse(content).root_node):
        kind, labels = head(block)
        if kind == "provider" and len(labels) == 1:
            given = dict(attributes(block))
            version = text_of(given["version"]).strip('"') if "version" in given else ""
            strings = everything(given["hashes"]) if "hashes" in given else ()
            hashes = tuple(text_of(node).strip('"') for node in strings if node.type == "string_lit")
            found.append(Locked(labels[0], version, hashes))
    return tuple(found)
