"""The files of one commit, read from Git's object store without a checkout."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

from terrace.adapters.git.command import damage_error, git, objects
from terrace.adapters.git.names import commit_id
from terrace.errors import NotReady
from terrace.hcl.tree import Entry

_SUBMODULE = b"160000"
_OVERHEAD = 256
"""Memory of a cached file beyond its content, in bytes."""


class Contents:
    """A cache of small files by their ids. A command reads terrace.yaml and similar files several times."""

    def __init__(self, size: int = 2**22, largest: int = 2**16) -> None:
        """`size` is the maximum size of the cache in bytes, `largest` the maximum size of a file."""
        self._size = size
        self._largest = largest
        self._bytes = 0
        self._kept: dict[str, bytes] = {}
        self._lock = threading.Lock()

    def read_cached(self, ids: Iterable[str]) -> dict[str, bytes]:
        """Returns the cached files among these."""
        with self._lock:
            return {tree_id: self._kept[tree_id] for tree_id in ids if tree_id in self._kept}

    def keep(self, contents: Mapping[str, bytes]) -> None:
        """Caches these, and drops the oldest where there are too many."""
        with self._lock:
            for blob_id, content in contents.items():
                if len(content) <= self._largest and blob_id not in self._kept:
                    self._kept[blob_id] = content
                    self._bytes += len(content) + _OVERHEAD
            while self._bytes > self._size:
                self._bytes -= len(self._kept.pop(next(iter(self._kept)))) + _OVERHEAD


class GitTree:
    """The files of a commit, by its full id. Everything is read lazily and once. Submodules are not entries: their
    files are not in this repository.
    """

    def __init__(self, root: Path, commit: str, contents: Contents | None = None) -> None:
        """`contents` is the cache that all trees of one clone share."""
        commit_id(commit)
        self.root = root
        self.commit = commit
        self._contents = contents if contents is not None else Contents()

    @property
    def entries(self) -> Mapping[str, Entry]:
        """All files. Raises NotReady where the clone does not have the commit."""
        return _listing(self.root, self.commit)[0]

    @property
    def submodules(self) -> Mapping[str, str]:
        """The commits of submodules, by path."""
        return _listing(self.root, self.commit)[1]

    def read(self, path: str) -> bytes:
        """Returns the content of one file. Raises KeyError where there is none."""
        return self.read_many((path,))[path]

    def read_many(self, paths: Iterable[str]) -> dict[str, bytes]:
        """Returns the contents of many files, by at most one process. Raises KeyError where one does not exist."""
        entries = self.entries
        blobs = {path: entries[path].blob for path in paths}
        contents = self._contents.read_cached(blobs.values())
        missing = sorted(set(blobs.values()) - contents.keys())
        fresh = dict(zip(missing, objects(self.root, missing), strict=True))
        self._contents.keep(fresh)
        contents |= fresh
        return {path: contents[blob] for path, blob in blobs.items()}


# A commit never changes, so that its listing is cached; a run reads few commits, but often.
@lru_cache(maxsize=8)
def _listing(root: Path, commit: str) -> tuple[Mapping[str, Entry], Mapping[str, str]]:
    entries: dict[str, Entry] = {}
    submodules: dict[str, str] = {}
    modes: dict[bytes, str] = {}
    for line in _list_tree(root, commit).split(b"\0"):
        head, entry, name = line.partition(b"\t")
        if entry and head[:6] != _SUBMODULE:
            mode = modes.setdefault(head[:6], head[:6].decode())
            entries[os.fsdecode(name)] = Entry(head[head.rindex(b" ") + 1 :].decode(), mode)
        elif entry:
            submodules[os.fsdecode(name)] = head[head.rindex(b" ") + 1 :].decode()
    return MappingProxyType(entries), MappingProxyType(submodules)


def _list_tree(root: Path, commit: str) -> bytes:
    done = git(root, "ls-tree", "-r", "-z", "--full-tree", "--end-of-options", commit)
    if done.code != 0:
        if git(root, "rev-parse", "--is-shallow-repository").out.strip() == b"true":
            raise NotReady(
                f"this clone is shallow and does not have the commit {commit[:7]}", hint="`git fetch --unshallow`"
            )
        raise damage_error(root, f"the commit {commit[:7]} cannot be read: {done.message}")
    return done.out
