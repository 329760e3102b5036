"""What a change touches: two trees, two graphs, and for every stack the reasons why. Unsure means impacted."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from terrace.stacks.graph import Graph
from terrace.stacks.landscape import Landscape
from terrace.stacks.layout import LOCK_FILE, is_automatic_variables
from terrace.stacks.model import ChangeSet, Impact, Reason, Stack
from terrace.stacks.tree import Entry, Tree
from terrace.stacks.watches import Watch, watches

CONFIG_FILE = "terrace.yaml"


def change_set_between(before: Landscape | None, after: Landscape, base_tree: Tree, head_tree: Tree) -> ChangeSet:
    """The stacks that differ between two commits. Without `before` (it could not be read) every stack is new.

    A path counts as changed when its content or its mode differs, as `git diff` of the two trees would say. What
    was read or called before counts as much as what is now: a deleted file has readers only in the past.
    """
    changed = differing(base_tree.entries, head_tree.entries)
    earlier = {stack.key: stack for stack in before.stacks} if before is not None else {}
    reasons: dict[str, set[Reason]] = {}
    for landscape in (before, after):
        if landscape is not None and changed:
            for key, reason in _Touched(landscape, changed).reasons():
                reasons.setdefault(key, set()).add(reason)
    impacts = []
    for stack in sorted(after.stacks, key=lambda s: s.key):
        mine = reasons.get(stack.key, set())
        old = earlier.get(stack.key)
        if old is None:
            mine = {Reason("new", stack.path)}
        elif old != stack:
            mine = {*mine, Reason("configuration", CONFIG_FILE, (stack.path,))}
        if mine:
            impacts.append(Impact(stack, tuple(sorted(mine, key=_weight))))
    now = {stack.key for stack in after.stacks}
    return ChangeSet(
        base=before.commit if before is not None else after.commit,
        head=after.commit,
        changed=changed,
        impacts=tuple(impacts),
        removed=tuple(stack for key, stack in sorted(earlier.items()) if key not in now),
        notices=after.graph.notices,
    )


def everything(landscape: Landscape, tree: Tree) -> ChangeSet:
    """All that stands at one commit, as a change set from nothing: every path, every stack, none removed."""
    return ChangeSet(
        base=landscape.commit,
        head=landscape.commit,
        changed=tuple(sorted(tree.entries)),
        impacts=tuple(Impact(s, (Reason("asked", s.path),)) for s in sorted(landscape.stacks, key=lambda s: s.key)),
        notices=landscape.graph.notices,
    )


def differing(base: Mapping[str, Entry], head: Mapping[str, Entry]) -> tuple[str, ...]:
    """The paths whose entry differs, sorted."""
    return tuple(sorted(path for path in base.keys() | head.keys() if base.get(path) != head.get(path)))


def _weight(reason: Reason) -> tuple[bool, int, Reason]:
    """What is sure and near comes first."""
    return (reason.kind == "unsure", len(reason.chain), reason)


@dataclass(frozen=True, slots=True)
class _Hit:
    """A folder of configuration that a changed path touches, and how."""

    kind: str
    path: str
    folder: str
    stack: str | None = None


class _Touched:
    """One landscape against the changed paths."""

    def __init__(self, landscape: Landscape, changed: tuple[str, ...]) -> None:
        self._graph: Graph = landscape.graph
        self._changed = changed
        self._by_path: dict[str, list[Stack]] = {}
        for stack in landscape.stacks:
            self._by_path.setdefault(stack.path, []).append(stack)

    def reasons(self) -> Iterator[tuple[str, Reason]]:
        """Pairs of a stack's key and a reason."""
        hits: dict[str, list[_Hit]] = {}
        for hit in self._hits():
            hits.setdefault(hit.folder, []).append(hit)
        for folder, mine in hits.items():
            for path, chain in self._chains(folder):
                for stack in self._by_path.get(path, ()):
                    for hit in mine:
                        if hit.stack in (None, path) and (hit.kind != "variables" or self._takes(stack, hit.path)):
                            yield stack.key, Reason(hit.kind, hit.path, chain)

    def _takes(self, stack: Stack, path: str) -> bool:
        name = path.rpartition("/")[2]
        return path in stack.var_files or (is_automatic_variables(name) and path.rpartition("/")[0] == stack.path)

    def _hits(self) -> Iterator[_Hit]:
        files, links = self._files()
        given = self._var_files()
        for path in self._changed:
            parent, _, name = path.rpartition("/")
            for folder in files.get(path, ()):
                kind = "link" if path in links else "stack" if folder in self._by_path else "module"
                yield _Hit(kind, path, folder)
            if parent in self._by_path and name == LOCK_FILE:
                yield _Hit("lock", path, parent, parent)
            if parent in self._by_path and is_automatic_variables(name):
                yield _Hit("variables", path, parent, parent)
            for owner in given.get(path, ()):
                yield _Hit("variables", path, owner, owner)
        yield from self._read()

    def _files(self) -> tuple[dict[str, list[str]], set[str]]:
        """Which folders are made of a file or a symbolic link, and which of these are links."""
        files: dict[str, list[str]] = {}
        links: set[str] = set()
        for folder in self._graph.folders.values():
            mine = {*folder.links, *(link for call in folder.calls for link in call.links)}
            links |= mine
            for path in (*folder.files, *sorted(mine)):
                files.setdefault(path, []).append(folder.path)
        return files, links

    def _var_files(self) -> dict[str, list[str]]:
        """Which stacks are given a file of variables by terrace.yaml."""
        given: dict[str, list[str]] = {}
        for stacks in self._by_path.values():
            for stack in stacks:
                for path in stack.var_files:
                    given.setdefault(path, []).append(stack.path)
        return given

    def _read(self) -> Iterator[_Hit]:
        """Changed paths that an expression of some folder reads, or may read."""
        exact: dict[str, list[Watch]] = {}
        wide: list[Watch] = []
        for watch in watches(self._graph, frozenset(self._by_path)):
            if watch.how == "is":
                exact.setdefault(watch.path, []).append(watch)
            else:
                wide.append(watch)
        for path in self._changed:
            upwards = [path[:i] for i, letter in enumerate(path) if letter == "/"]
            found = [w for part in (path, *upwards) for w in exact.get(part, ())] + [w for w in wide if w.sees(path)]
            for watch in dict.fromkeys(found):
                yield _Hit("unsure" if watch.unsure else "read", path, watch.folder, watch.stack)

    def _chains(self, folder: str) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Every stack's folder that reaches `folder`, with the shortest chain of modules that leads there."""
        chains: dict[str, tuple[str, ...]] = {folder: (folder,)}
        left = deque([folder])
        while left:
            here = left.popleft()
            if here in self._by_path:
                yield here, chains[here]
            for caller in self._graph.callers.get(here, ()):
                if caller not in chains:
                    chains[caller] = (*chains[here], caller)
                    left.append(caller)
