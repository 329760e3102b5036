"""The files of a working tree: in a Git repository without ignored ones, else all of the folder."""

from __future__ import annotations

from pathlib import Path

from terrace.adapters.folder_tree import FolderTree
from terrace.adapters.git.facts_cache import FactsCache
from terrace.adapters.git.repository import GitRepository
from terrace.apps.wiring.home import Home
from terrace.errors import NotReady
from terrace.hcl.facts_store import FactsStore
from terrace.hcl.tree import Tree


def working_tree(root: Path) -> tuple[Tree, FactsStore]:
    """Returns the files below the root of a repository, and the cache of facts about them."""
    store = FactsCache(Home.of(root).cache / "facts.db")
    try:
        repository = GitRepository.around(root, cache=Path())
    except NotReady:
        return FolderTree(root), store
    if repository.root.resolve() != root.resolve():
        return FolderTree(root), store
    return repository.tree(repository.snapshot()), store
