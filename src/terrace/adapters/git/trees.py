"""The files of one commit, read from Git's object store without a checkout."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

from terrace.adapters.process import run
from terrace.errors import BadInput, TerraceError
from terrace.stacks.tree import Entry

_ID = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_SUBMODULE = b"160000"
_REDIRECTS = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE")


class GitTree:
    """The files of a commit, by its full id. Nothing is read before it is asked for; then it is read once.

    Submodules are absent: their files are not in this repository.
    """

    def __init__(self, root: Path, commit: str) -> None:
        if not _ID.fullmatch(commit):
            raise BadInput(f"{commit!r} is not a full commit id", hint="resolve the name first")
        self.root = root
        self.commit = commit

    @property
    def entries(self) -> Mapping[str, Entry]:
        """Every file. KeyError never: a commit that is not there raises TerraceError."""
        return _listing(self.root, self.commit)

    def read(self, path: str) -> bytes:
        """The content of one file; KeyError when there is no such file."""
        return self.read_many((path,))[path]

    def read_many(self, paths: Iterable[str]) -> dict[str, bytes]:
        """The contents of many files for the price of one process; KeyError when one of them is no file."""
        entries = self.entries
        blobs = {path: entries[path].blob for path in paths}
        contents = _contents(self.root, sorted(set(blobs.values())))
        return {path: contents[blob] for path, blob in blobs.items()}


# A commit never changes, so that its listing may be kept; a run looks at few commits, but often.
@lru_cache(maxsize=8)
def _listing(root: Path, commit: str) -> Mapping[str, Entry]:
    entries: dict[str, Entry] = {}
    modes: dict[bytes, str] = {}
    for line in _git(root, "ls-tree", "-r", "-z", "--full-tree", commit).split(b"\0"):
        head, found, name = line.partition(b"\t")
        if found and head[:6] != _SUBMODULE:
            mode = modes.setdefault(head[:6], head[:6].decode())
            entries[os.fsdecode(name)] = Entry(head[head.rindex(b" ") + 1 :].decode(), mode)
    return MappingProxyType(entries)


def _contents(root: Path, blobs: list[str]) -> dict[str, bytes]:
    if not blobs:
        return {}
    out = memoryview(_git(root, "cat-file", "--batch", "--buffer", stdin="\n".join([*blobs, ""]).encode()))
    contents: dict[str, bytes] = {}
    start = 0
    raw = out.obj
    assert isinstance(raw, bytes), "it is a view of what Git wrote"
    for blob in blobs:
        end = raw.index(b"\n", start)
        words = raw[start:end].split(b" ")
        if len(words) != 3:
            raise TerraceError(f"the object {blob} is missing from the repository", hint="git fsck tells more")
        size = int(words[2])
        contents[blob] = bytes(out[end + 1 : end + 1 + size])
        start = end + 1 + size + 1
    return contents


def _git(root: Path, *args: str, stdin: bytes | None = None) -> bytes:
    env = {k: v for k, v in os.environ.items() if k not in _REDIRECTS}
    done = run(["git", "-C", root, *args], env={**env, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C.UTF-8"}, stdin=stdin)
    if done.code != 0:
        raise TerraceError(f"git {args[0]} failed: {done.message}")
    return done.out
