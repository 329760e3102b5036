"""Writes all new objects of one change into a clone, by one process."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from terrace.adapters.git.command import git
from terrace.adapters.process import Finished

Kind = Literal["blob", "tree", "commit"]

_TYPES: Mapping[Kind, int] = {"commit": 1, "tree": 2, "blob": 3}
_SHA256 = 64

DURABLE = ("-c", "core.fsync=committed,loose-object,reference", "-c", "core.fsyncMethod=fsync")
"""Options with which Git (2.36) flushes objects and refs to disk before it exits. By default it does not flush
objects."""


@dataclass(frozen=True, slots=True)
class Object:
    """A Git object: id, kind and content."""

    id: str
    kind: Kind
    content: bytes


def make_object(kind: Kind, content: bytes, *, digits: int) -> Object:
    """Returns an object with its id, which is as long as the ids of the repository."""
    name = hashlib.sha256 if digits == _SHA256 else hashlib.sha1
    head = f"{kind} {len(content)}\0".encode()
    return Object(name(head + content, usedforsecurity=False).hexdigest(), kind, content)


def make_tree(entries: Mapping[str, tuple[str, str]], *, digits: int) -> Object:
    """Returns the tree with these entries: name -> mode and id."""

    def order(name: str) -> bytes:
        # Git sorts folders as if their names had a trailing slash.
        return name.encode() + (b"/" if entries[name][0].lstrip("0") == "40000" else b"")

    lines = (
        f"{mode.lstrip('0')} {name}".encode() + b"\0" + bytes.fromhex(id_)
        for name, (mode, id_) in ((name, entries[name]) for name in sorted(entries, key=order))
    )
    return make_object("tree", b"".join(lines), digits=digits)


def write_objects(folder: Path, objects: Sequence[Object]) -> Finished:
    """Writes objects into the clone, in this order and durably; the caller checks the exit code. Existing ones are
    kept."""
    body = b"PACK" + (2).to_bytes(4, "big") + len(objects).to_bytes(4, "big")
    body += b"".join(_size(item) + zlib.compress(item.content, 1) for item in objects)
    name = hashlib.sha256 if any(len(item.id) == _SHA256 for item in objects) else hashlib.sha1
    return git(folder, *DURABLE, "unpack-objects", "-q", stdin=body + name(body, usedforsecurity=False).digest())


def _size(item: Object) -> bytes:
    """Returns the header of a pack entry: kind and size, first four bits and then seven at a time."""
    remaining = len(item.content)
    head = [_TYPES[item.kind] << 4 | remaining & 15]
    remaining >>= 4
    while remaining:
        head[-1] |= 128
        head.append(remaining & 127)
        remaining >>= 7
    return bytes(head)
