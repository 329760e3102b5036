"""Writes new objects into a clone: all that one change needs, by one process."""

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
"""Options of a Git whose objects and refs are on disk before it ends (Git 2.36). By default objects are not."""


@dataclass(frozen=True, slots=True)
class Object:
    """An object of Git: its id, its kind and its content."""

    id: str
    kind: Kind
    content: bytes


def make_object(kind: Kind, content: bytes, *, digits: int) -> Object:
    """Returns an object with its id, which has as many hexadecimal digits as the ids of the repository have."""
    name = hashlib.sha256 if digits == _SHA256 else hashlib.sha1
    head = f"{kind} {len(content)}\0".encode()
    return Object(name(head + content, usedforsecurity=False).hexdigest(), kind, content)


def make_tree(entries: Mapping[str, tuple[str, str]], *, digits: int) -> Object:
    """Returns the tree with these entries: name -> mode and id."""

    def order(name: str) -> bytes:
        # Git sorts a folder as if its name ended with a slash.
        return name.encode() + (b"/" if entries[name][0].lstrip("0") == "40000" else b"")

    lines = (
        f"{mode.lstrip('0')} {name}".encode() + b"\0" + bytes.fromhex(id_)
        for name, (mode, id_) in ((name, entries[name]) for name in sorted(entries, key=order))
    )
    return make_object("tree", b"".join(lines), digits=digits)


def write_objects(folder: Path, objects: Sequence[Object]) -> Finished:
    """Write objects into the clone, in this order, and to disk; the caller looks at the exit code. One that is there
    stays."""
    body = b"PACK" + (2).to_bytes(4, "big") + len(objects).to_bytes(4, "big")
    body += b"".join(_size(one) + zlib.compress(one.content, 1) for one in objects)
    name = hashlib.sha256 if any(len(one.id) == _SHA256 for one in objects) else hashlib.sha1
    return git(folder, *DURABLE, "unpack-objects", "-q", stdin=body + name(body, usedforsecurity=False).digest())


def _size(one: Object) -> bytes:
    """The head of an entry of a pack: the kind and the size, four bits first and then seven at a time."""
    left = len(one.content)
    head = [_TYPES[one.kind] << 4 | left & 15]
    left >>= 4
    while left:
        head[-1] |= 128
        head.append(left & 127)
        left >>= 7
    return bytes(head)
