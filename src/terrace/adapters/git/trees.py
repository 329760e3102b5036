"""The files of one commit, read from Git's object store without a checkout."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

from terrace.adapters.git.command import damaged, git, objects
from terrace.adapters.git.names import commit_id
from terrace.stacks.tree import Entry

_SUBMODULE = b"160000"


class GitTree:
    """The files of a commit, by its full id. Nothing is read before it is asked for; then it is read once.

    Submodules are no entries: their files are not in this repository.
    """

    def __init__(self, root: Path, commit: str) -> None:
        commit_id(commit)
        self.root = root
        self.commit = commit

    @property
    def entries(self) -> Mapping[str, Entry]:
        """Every file. KeyError never: a commit that is not there raises NotReady."""
        return _listing(self.root, self.commit)[0]

    @property
    def submodules(self) -> Mapping[str, str]:
        """The commit of every submodule by its path."""
        return _listing(self.root, self.commit)[1]

    def read(self, path: str) -> bytes:
        """The content of one file; KeyError when there is no such file."""
        return self.read_many((path,))[path]

    def read_many(self, paths: Iterable[str]) -> dict[str, bytes]:
        """The contents of many files for the price of one process; KeyError when one of them is no file."""
        entries = self.entries
        blobs = {path: entries[path].blob for path in paths}
        wanted = sorted(set(blobs.values()))
        contents = dict(zip(wanted, objects(self.root, wanted), strict=True))
        return {path: contents[blob] for path, blob in blobs.items()}


# A commit never changes, so that its listing may be kept; a run looks at few commits, but often.
@lru_cache(maxsize=8)
def _listing(root: Path, commit: str) -> tuple[Mapping[str, Entry], Mapping[str, str]]:
    entries: dict[str, Entry] = {}
    submodules: dict[str, str] = {}
    modes: dict[bytes, str] = {}
    for line in _listed(root, commit).split(b"\0"):
        head, found, name = line.partition(b"\t")
        if found and head[:6] != _SUBMODULE:
            mode = modes.setdefault(head[:6], head[:6].decode())
            entries[os.fsdecode(name)] = Entry(head[head.rindex(b" ") + 1 :].decode(), mode)
        elif found:
            submodules[os.fsdecode(name)] = head[head.rindex(b" ") + 1 :].decode()
    return MappingProxyType(entries), MappingProxyType(submodules)


def _listed(root: Path, commit: str) -> bytes:
    done = git(root, "ls-tree", "-r", "-z", "--full-tree", "--end-of-options", commit)
    if done.code != 0:
        raise damaged(root, f"the commit {commit[:7]} cannot be read: {done.message}")
    return done.out
