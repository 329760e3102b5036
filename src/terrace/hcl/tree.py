"""The interface of a tree of files, such as a commit. Adapters read trees from Git, tests from a dict."""

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
        """All files, without folders, ignored files and `.git`."""
        ...

    def read(self, path: str) -> bytes:
        """Returns the content of a file, or the target of a link. Raises KeyError where `path` is not an entry."""
        ...


@runtime_checkable
class BatchTree(Tree, Protocol):
    """A tree that reads many files in one call, which is much faster than one by one."""

    def read_many(self, paths: Iterable[str]) -> Mapping[str, bytes]:
        """Returns the contents by path. Raises KeyError where one of the paths is not an entry."""
        ...


def submodules(tree: Tree) -> Mapping[str, str]:
    """Returns the commit of every submodule whose files are not in the tree, by path.

    A tree that supports submodules has them as its attribute `submodules`.
    """
    # An `isinstance` check of a protocol takes longer than all other work on a module call.
    submodules: Mapping[str, str] = getattr(tree, "submodules", {})
    return submodules


def submodule_of(path: str, within: Iterable[str]) -> str | None:
    """Returns the submodule that has a path or is at it; None where there is no such submodule."""
    return next((submodule for submodule in within if path == submodule or path.startswith(f"{submodule}/")), None)


@dataclass(frozen=True, slots=True)
class AbsentSubmodule:
    """The reason why the files of a submodule that terrace.yaml names are not in a tree, with its hint."""

    message: str
    hint: str
    place: Place | None = None


def absent_submodules(tree: Tree) -> Mapping[str, AbsentSubmodule]:
    """Returns the reasons why submodules that terrace.yaml names are absent, by path.

    A tree that supports submodules has them as its attribute `absent_submodules`.
    """
    absent: Mapping[str, AbsentSubmodule] = getattr(tree, "absent_submodules", {})
    return absent


SUBMODULE_HINT = (
    "have submodules checked out with `submodules: true` in terrace.yaml on the protected branch; or set the source of "
    'the module to its own repository: `source = "git::URL//FOLDER?ref=COMMIT"` with the commit of the submodule'
)
"""The hint for a module in a submodule."""


def read_many(tree: Tree, paths: Iterable[str]) -> Mapping[str, bytes]:
    """Returns the contents of many files, in one call where the tree supports that."""
    if isinstance(tree, BatchTree):
        return tree.read_many(paths)
    return {path: tree.read(path) for path in paths}
