"""Trees in memory: paths to text, links to targets."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from support.configuration import load
from terrace.adapters.git.facts_cache import FactsCache
from terrace.config.model import Config
from terrace.hcl.facts_store import NoStore
from terrace.hcl.tree import Entry
from terrace.stacks.discovery import environments
from terrace.stacks.impact import change_set_between
from terrace.stacks.inventory import Inventory
from terrace.stacks.model import ChangeSet


class DictTree:
    """A tree of a mapping; a text that begins with `-> ` is a symbolic link, one that begins with `@ ` a submodule, and
    one that begins with `+x ` may be executed."""

    def __init__(self, files: Mapping[str, str]) -> None:
        self._files = {path: text for path, text in files.items() if not text.startswith("@ ")}
        self.submodules = {path: text for path, text in files.items() if text.startswith("@ ")}

    @property
    def entries(self) -> Mapping[str, Entry]:
        """Every file with the hash of its content."""
        return {
            path: Entry(hashlib.sha1(text.removeprefix("+x ").encode()).hexdigest(), _mode(text))
            for path, text in self._files.items()
        }

    def read(self, path: str) -> bytes:
        """The content, or the target of a link."""
        return self._files[path].removeprefix("-> ").removeprefix("+x ").encode()


def _mode(text: str) -> str:
    return "120000" if text.startswith("-> ") else "100755" if text.startswith("+x ") else "100644"


def inventory(files: Mapping[str, str], commit: str = "c" * 40, store: FactsCache | None = None) -> Inventory:
    """What stands in these files, with their own terrace.yaml or none."""
    tree = DictTree(files)
    config: Config = load(files.get("terrace.yaml", "").encode(), discovered=environments(tree))
    return Inventory.of_tree(commit, config, tree, store or NoStore())


def change(before: Mapping[str, str], after: Mapping[str, str | None]) -> ChangeSet:
    """The change set from some files to the same with others in their place; None removes one."""
    now = {**before, **after}
    files = {path: text for path, text in now.items() if text is not None}
    base = inventory(before, "b" * 40)
    return change_set_between(base, inventory(files, "a" * 40), DictTree(before), DictTree(files))


def changed_between(before: Mapping[str, str], after: Mapping[str, str]) -> ChangeSet:
    """The change set from some files to others."""
    return change_set_between(
        inventory(before, "b" * 40), inventory(after, "a" * 40), DictTree(before), DictTree(after)
    )


def why(changed: ChangeSet) -> dict[str, list[str]]:
    """Stack -> its reasons as `kind path chain...`."""
    return {i.stack.key: [" ".join([r.kind, r.path, *r.chain]) for r in i.reasons] for i in changed.impacts}
