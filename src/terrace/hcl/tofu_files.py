"""Selects the files of a tree that Terraform or OpenTofu reads: both can have their own version of a file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Literal

from terrace.hcl.layout import is_tofu_only, replaced_files
from terrace.hcl.tree import AbsentSubmodule, Entry, Tree, absent_submodules, read_many, submodules

Product = Literal["terraform", "tofu"]


def select_files(tree: Tree, product: str | None) -> Tree:
    """Returns the tree without the files that a product ignores; the tree itself where it reads all files.

    Terraform ignores `.tofu` files. OpenTofu reads `main.tofu` instead of a `main.tf` beside it. Without a product the
    tree has the files of both.
    """
    if product is None:
        return tree
    of_tofu = [path for path in tree.entries if is_tofu_only(path)]
    if not of_tofu:
        return tree
    return _Read(tree, frozenset(of_tofu if product == "terraform" else replaced_files(of_tofu)))


def has_tofu_files(tree: Tree) -> bool:
    """Returns whether the two products read different files of a tree."""
    return any(path.endswith((".tofu", ".tofu.json")) for path in tree.entries)


class _Read:
    """A tree without some of its files."""

    def __init__(self, tree: Tree, without: frozenset[str]) -> None:
        self._tree = tree
        self._without = without

    @cached_property
    def entries(self) -> Mapping[str, Entry]:
        return {path: entry for path, entry in self._tree.entries.items() if path not in self._without}

    @property
    def submodules(self) -> Mapping[str, str]:
        return submodules(self._tree)

    @property
    def absent_submodules(self) -> Mapping[str, AbsentSubmodule]:
        return absent_submodules(self._tree)

    def read(self, path: str) -> bytes:
        if path in self._without:
            raise KeyError(path)
        return self._tree.read(path)

    def read_many(self, paths: Iterable[str]) -> Mapping[str, bytes]:
        requested = tuple(paths)
        for path in requested:
            if path in self._without:
                raise KeyError(path)
        return read_many(self._tree, requested)
