"""A tree of files at one moment, wherever it lives. Adapters read it from Git; tests from a dict."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from terrace.errors import Place


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of a tree. Equal `blob` means equal content; `mode` is Git's (`120000` is a symbolic link)."""

    blob: str
    mode: str = "100644"

    @property
    def is_link(self) -> bool:
        return self.mode == "120000"


class Tree(Protocol):
    """Files by POSIX path from the root of the repository; undecodable names keep surrogate escapes."""

    @property
    def entries(self) -> Mapping[str, Entry]:
        """Every file. No folders; ignored and `.git` files are absent."""
        ...

    def read(self, path: str) -> bytes:
        """The content of a file (of a link: its target). KeyError when `path` is not an entry."""
        ...


@runtime_checkable
class BatchTree(Tree, Protocol):
    """A tree that reads many files at once for much less than one by one."""

    def read_many(self, paths: Iterable[str]) -> Mapping[str, bytes]:
        """The contents by path. KeyError when one of them is not an entry."""
        ...


def submodules(tree: Tree) -> Mapping[str, str]:
    """The commit of every submodule by its path, whose files the tree does not have; none where it does not know any.

    Trees that know them have them as `submodules`.
    """
    # Asking for the protocol each time takes longer than all other work on a call of a module.
    found: Mapping[str, str] = getattr(tree, "submodules", {})
    return found


def submodule_of(path: str, within: Iterable[str]) -> str | None:
    """Returns the submodule that a path is or lies in, None where it is in none."""
    return next((one for one in within if path == one or path.startswith(f"{one}/")), None)


@dataclass(frozen=True, slots=True)
class AbsentSubmodule:
    """Why the files of a submodule that terrace.yaml names are not in a tree, where that is written, and what to do."""

    message: str
    hint: str
    place: Place | None = None


def absent_submodules(tree: Tree) -> Mapping[str, AbsentSubmodule]:
    """Why submodules that terrace.yaml names are absent, by path. Trees that know have it as `absent_submodules`."""
    found: Mapping[str, AbsentSubmodule] = getattr(tree, "absent_submodules", {})
    return found


SUBMODULE_HINT = (
    "to have it checked out, name it on the protected branch: `submodules: true` in terrace.yaml; or call the module "
    'by its own repository: `source = "git::URL//FOLDER?ref=COMMIT"` with the commit of the submodule'
)
"""What to do about a module in a submodule."""


def read_many(tree: Tree, paths: Iterable[str]) -> Mapping[str, bytes]:
    """The contents of many files, in the cheapest way that the tree knows."""
    if isinstance(tree, BatchTree):
        return tree.read_many(paths)
    return {path: tree.read(path) for path in paths}
