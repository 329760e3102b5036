"""The files of a folder outside of Git, as a tree."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path

from terrace.hcl.tree import Entry

_ABSENT = frozenset({".git", ".terraform", ".terragrunt-cache", "node_modules", ".venv"})
"""Folders of tools, with generated files."""

_READ = (".tf", ".tofu", ".json", ".hcl", ".tfvars", ".yaml", ".yml", ".tfbackend")


class FolderTree:
    """The files below a folder, without those of tools. A file that can be configuration is identified by its content,
    any other by its path, size and time."""

    def __init__(self, root: Path) -> None:
        self._root = root

    @cached_property
    def entries(self) -> Mapping[str, Entry]:
        """All files and symbolic links."""
        return dict(self._list(""))

    def read(self, path: str) -> bytes:
        """Returns the content of a file, or the target of a link. Raises KeyError where `path` is not an entry."""
        entry = self.entries[path]
        file = self._root / path
        return os.fsencode(file.readlink()) if entry.is_link else file.read_bytes()

    def read_many(self, paths: Iterable[str]) -> Mapping[str, bytes]:
        """Returns the contents by path. Raises KeyError where one of them is not an entry."""
        return {path: self.read(path) for path in paths}

    def _list(self, folder: str) -> Iterator[tuple[str, Entry]]:
        with os.scandir(self._root / folder) as entries:
            for entry in sorted(entries, key=lambda entry: entry.name):
                path = f"{folder}/{entry.name}" if folder else entry.name
                if entry.is_symlink():
                    yield path, Entry(f"link:{Path(entry.path).readlink()}", "120000")
                elif entry.is_dir(follow_symlinks=False):
                    if entry.name not in _ABSENT:
                        yield from self._list(path)
                elif entry.is_file(follow_symlinks=False):
                    yield path, Entry(self._identity(entry, path))

    def _identity(self, file: os.DirEntry[str], path: str) -> str:
        if file.name.endswith(_READ):
            content = Path(file.path).read_bytes()
            return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()
        status = file.stat(follow_symlinks=False)
        return f"{path}:{status.st_size}:{status.st_mtime_ns}"
