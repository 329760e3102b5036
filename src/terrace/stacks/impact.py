"""Determines which stacks a change impacts, and why. A stack whose impact is uncertain counts as impacted."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from terrace.config.model import Config
from terrace.hcl.layout import LOCK_FILE, Layout, is_automatic_variables
from terrace.hcl.tree import Entry, Tree, submodules
from terrace.stacks.backends import backend_locations, common_location
from terrace.stacks.before_plan import commands_of, find_inputs, has_commands
from terrace.stacks.dependents import find_dependents, find_lost_outputs
from terrace.stacks.graph import Graph
from terrace.stacks.inert import VERSION_FILES, is_inert
from terrace.stacks.inventory import Inventory
from terrace.stacks.model import ChangeSet, Impact, Notice, Reason, ReasonKind, Renamed, Stack
from terrace.stacks.order import find_edges, uncertain_edges
from terrace.stacks.watches import Changed, Watch, find_watches

CONFIG_FILE = "terrace.yaml"

_MOST_NAMES = 10_000
_DEEPER = 12


def change_set_between(
    before: Inventory | None, after: Inventory, base_tree: Tree, head_tree: Tree, trusted: Config | None = None
) -> ChangeSet:
    """Returns the stacks that differ between two commits. Without `before` (it cannot be read) every stack is new.

    The inputs of `before_plan` commands come from both commits and from `trusted`, whose commands run.

    A path is changed where its content or its mode differs, as in `git diff` of the two trees. Reads and module calls
    of both commits are followed: only the earlier one has readers of a deleted file.
    """
    modules = (submodules(base_tree), submodules(head_tree))
    moved = {path for path in modules[0].keys() | modules[1].keys() if modules[0].get(path) != modules[1].get(path)}
    changed = tuple(sorted({*differing_paths(base_tree.entries, head_tree.entries), *moved}))
    earlier = {stack.key: stack for stack in before.stacks} if before is not None else {}
    reasons: dict[str, set[Reason]] = {}
    for inventory, tree in ((before, base_tree), (after, head_tree)):
        if inventory is not None and changed:
            layout = Layout(tree)
            for key, reason in _Comparison(inventory, layout, changed, moved).reasons():
                reasons.setdefault(key, set()).add(reason)
            for key, reason in _seen_by_commands(inventory, layout, changed, trusted):
                reasons.setdefault(key, set()).add(reason)
    impacts = []
    for stack in after.in_promotion_order():
        own_reasons = reasons.get(stack.key, set())
        old = earlier.get(stack.key)
        if old is None:
            own_reasons = {Reason("new", stack.path)}
        elif old != stack or (before is not None and _commands_differ(before, after, old, stack)):
            own_reasons = {*own_reasons, Reason("configuration", CONFIG_FILE, (stack.path,))}
        if own_reasons:
            impacts.append(Impact(stack, tuple(sorted(_most_precise(own_reasons), key=_sort_key))))
    now = {stack.key for stack in after.stacks}
    edges = find_edges(after.stacks, after.graph)
    return ChangeSet(
        base=before.commit if before is not None else after.commit,
        head=after.commit,
        changed=changed,
        impacts=tuple(impacts),
        removed=tuple(stack for key, stack in sorted(earlier.items()) if key not in now),
        notices=(*after.graph.notices, *_unknown_reads(impacts), *uncertain_edges(after.stacks, after.graph)),
        dependents=find_dependents({impact.stack.key for impact in impacts}, edges),
        renamed=tuple(_find_renamed(before, after)) if before is not None else (),
        lost_outputs=find_lost_outputs(before, after, edges) if before is not None and edges else (),
    )


def _seen_by_commands(
    inventory: Inventory, layout: Layout, changed: tuple[str, ...], trusted: Config | None
) -> Iterator[tuple[str, Reason]]:
    """Yields the stacks whose `before_plan` commands can read a changed path, by any of its names."""
    configs = [inventory.config, *(() if trusted is None else (trusted,))]
    if not any(has_commands(config) for config in configs):
        return
    names = {name: path for path in changed for name in _names(layout, path)}
    for stack in inventory.stacks:
        for config in configs:
            for name, command in find_inputs(commands_of(config, stack), names):
                place = f"{CONFIG_FILE}:{command.line}" if command.line else CONFIG_FILE
                yield stack.key, Reason("command", names[name], (), place, command.shown)


def _commands_differ(before: Inventory, after: Inventory, old: Stack, new: Stack) -> bool:
    return commands_of(before.config, old) != commands_of(after.config, new)


def _find_renamed(before: Inventory, after: Inventory) -> Iterator[Renamed]:
    """Yields the removed stacks whose state a new stack of the same environment has, by its backend location."""
    had, has = {stack.key for stack in before.stacks}, {stack.key for stack in after.stacks}
    gone = [stack for stack in before.stacks if stack.key not in has]
    fresh = [stack for stack in after.stacks if stack.key not in had] if gone else []
    for new in fresh:
        locations = backend_locations(new, after.graph)
        for old in gone:
            if (
                old.environment == new.environment
                and common_location(locations, backend_locations(old, before.graph)) is not None
            ):
                yield Renamed(old.key, new.key)


def _unknown_reads(impacts: Iterable[Impact]) -> Iterator[Notice]:
    """Yields the expressions that are the only reason why stacks count as impacted."""
    counts: dict[tuple[str, str], set[str]] = {}
    for impact in impacts:
        if impact.unsure:
            for reason in impact.reasons:
                if reason.kind == "unsure" and reason.place:
                    counts.setdefault((reason.place, reason.text), set()).add(impact.stack.key)
    for (place, text), keys in sorted(counts.items()):
        path, _, line = place.rpartition(":") if place.rpartition(":")[2].isdigit() else (place, "", "0")
        stacks = "1 stack counts" if len(keys) == 1 else f"{len(keys)} stacks count"
        message = f"cannot determine which files this reads, so {stacks} as impacted: {text or 'an expression'}"
        hint = "build the path from literal text, `path.module` and arguments with literal values only"
        yield Notice(message, path, int(line), hint)


def reasons_for(inventory: Inventory, tree: Tree, paths: tuple[str, ...]) -> Iterator[tuple[str, Reason]]:
    """Yields the keys of the stacks that depend on these paths, each with a reason. The paths need not exist."""
    layout = Layout(tree)
    yield from _Comparison(inventory, layout, paths, set()).reasons()
    yield from _seen_by_commands(inventory, layout, paths, None)


def all_as_change(inventory: Inventory, tree: Tree) -> ChangeSet:
    """Returns a change set of everything at one commit: every path and every stack, none removed."""
    return ChangeSet(
        base=inventory.commit,
        head=inventory.commit,
        changed=tuple(sorted(tree.entries)),
        impacts=tuple(Impact(s, (Reason("asked", s.path),)) for s in inventory.in_promotion_order()),
        notices=inventory.graph.notices,
    )


def differing_paths(base: Mapping[str, Entry], head: Mapping[str, Entry]) -> tuple[str, ...]:
    """Returns the paths whose entries differ, sorted."""
    return tuple(sorted(path for path in base.keys() | head.keys() if base.get(path) != head.get(path)))


_GUESSES = ("read", "unsure", "folder")
"""Kinds of reasons that are less precise than all others, in falling precision."""


def _most_precise(reasons: set[Reason]) -> Iterator[Reason]:
    """Yields the most precise reasons of each path."""
    ranks: dict[str, int] = {}
    for reason in reasons:
        rank = _GUESSES.index(reason.kind) + 1 if reason.kind in _GUESSES else 0
        ranks[reason.path] = min(rank, ranks.get(reason.path, rank))
    for reason in reasons:
        rank = _GUESSES.index(reason.kind) + 1 if reason.kind in _GUESSES else 0
        if rank == ranks[reason.path]:
            yield reason


def _sort_key(reason: Reason) -> tuple[bool, bool, int, Reason]:
    """Returns the sort key of a reason: certain and near reasons first, files that merely are in a folder last."""
    return (reason.is_doubt, reason.kind == "folder", len(reason.chain), reason)


@dataclass(frozen=True, slots=True)
class _FolderImpact:
    """A configuration folder that a changed path impacts, and the kind of the reason.

    It applies to every stack that reaches the folder, only to those whose root module it is (`root`), or to one stack
    (`stack`, its key).
    """

    kind: ReasonKind
    path: str
    folder: str
    stack: str | None = None
    root: bool = False
    place: str = ""
    text: str = ""


class _Comparison:
    """Compares one commit with the changed paths."""

    def __init__(self, inventory: Inventory, layout: Layout, changed: tuple[str, ...], submodules: set[str]) -> None:
        self._graph: Graph = inventory.graph
        self._stacks = inventory.stacks
        self._layout = layout
        self._by_path: dict[str, list[Stack]] = {}
        for stack in inventory.stacks:
            self._by_path.setdefault(stack.path, []).append(stack)
        self._origin: dict[str, str] = {}
        opaque = set()
        for path in changed:
            for name in _names(layout, path):
                self._origin.setdefault(name, path)
                if path in layout.links or path in submodules:
                    opaque.add(name)
        # The own name of a path takes precedence over one through a link.
        self._origin.update({path: path for path in changed})
        self._changed = Changed(self._origin, opaque)

    def reasons(self) -> Iterator[tuple[str, Reason]]:
        """Yields pairs of a stack key and a reason."""
        hits: dict[str, list[_FolderImpact]] = {}
        for hit in self._hits():
            hits.setdefault(hit.folder, []).append(hit)
        for folder, folder_hits in hits.items():
            for path, chain in self._chains(folder):
                for stack in self._by_path.get(path, ()):
                    for hit in folder_hits:
                        if hit.stack in (None, stack.key) and (not hit.root or path == folder):
                            yield stack.key, Reason(hit.kind, hit.path, chain, hit.place, hit.text)

    def _hits(self) -> Iterator[_FolderImpact]:
        files, links = self._files()
        by_variable_file = self._variables()
        backends: dict[str, list[Stack]] = {}
        for stack in self._stacks:
            for name in stack.backend_files:
                backends.setdefault(name, []).append(stack)
        for name in self._changed.paths:
            path = self._origin[name]
            for folder in files.get(name, ()):
                kind: ReasonKind = "link" if name in links else "stack" if folder in self._by_path else "module"
                yield _FolderImpact(kind, path, folder)
            if name not in files:
                yield from self._folders_near(name, path)
            for owner in by_variable_file.get(name, ()):
                yield _FolderImpact("variables", path, owner.path, owner.key)
            for owner in backends.get(name, ()):
                yield _FolderImpact("backend", path, owner.path, owner.key)
        for name in self._changed.opaque:
            yield from self._behind(name)
        yield from self._read()

    def _folders_near(self, name: str, path: str) -> Iterator[_FolderImpact]:
        """Yields the folders that a file impacts which is not configuration itself: a folder with or above it."""
        parent, _, last = name.rpartition("/")
        if parent in self._by_path and last == LOCK_FILE:
            yield _FolderImpact("lock", path, parent, root=True)
        if parent in self._by_path and is_automatic_variables(last):
            yield _FolderImpact("variables", path, parent, root=True)
        if last in VERSION_FILES:
            for folder in self._by_path:
                if not parent or folder == parent or folder.startswith(f"{parent}/"):
                    yield _FolderImpact("version", path, folder, root=True)
        owner = self._owner(parent)
        if owner is not None and not is_inert(name[len(owner) + 1 :] if owner else name):
            yield _FolderImpact("folder", path, owner)

    def _owner(self, folder: str) -> str | None:
        """Returns the nearest folder with configuration, if a stack reaches it."""
        parent = folder
        while parent not in self._graph.folders:
            if not parent or parent in self._layout.folders:
                return None
            parent = parent.rpartition("/")[0]
        return parent

    def _behind(self, name: str) -> Iterator[_FolderImpact]:
        """Yields the folders in a changed link or submodule."""
        for folder in self._graph.folders:
            if folder == name or folder.startswith(f"{name}/"):
                yield _FolderImpact("link" if name in self._layout.links else "module", self._origin[name], folder)

    def _files(self) -> tuple[dict[str, list[str]], set[str]]:
        """Returns the folders that have each file or symbolic link, by path, and which of the paths are links."""
        files: dict[str, list[str]] = {}
        links: set[str] = set()
        for folder in self._graph.folders.values():
            folder_links = {*folder.links, *(link for call in folder.calls for link in call.links)}
            links |= folder_links
            for path in (*folder.files, *sorted(folder_links)):
                files.setdefault(path, []).append(folder.path)
        return files, links

    def _variables(self) -> dict[str, list[Stack]]:
        """Returns the stacks that use each variable file, listed in terrace.yaml or loaded automatically."""
        by_variable_file: dict[str, list[Stack]] = {}
        for stack in self._stacks:
            taken = (path for path, _ in self._graph.variables.get(stack.key, ()))
            for path in dict.fromkeys((*stack.var_files, *taken)):
                by_variable_file.setdefault(path, []).append(stack)
        return by_variable_file

    def _read(self) -> Iterator[_FolderImpact]:
        """Yields the folders with an expression that reads a changed path, or possibly reads it."""
        exact: dict[str, list[Watch]] = {}
        wide: list[Watch] = []
        for watch in find_watches(self._graph, self._stacks, self._changed):
            if watch.how == "is" and not self._changed.opaque:
                exact.setdefault(watch.path, []).append(watch)
            else:
                wide.append(watch)
        for name in self._changed.paths:
            opaque = name in self._changed.opaque
            upwards = [name[:i] for i, letter in enumerate(name) if letter == "/"]
            watches = [w for part in ("", *upwards, name) for w in exact.get(part, ())]
            watches += [w for w in wide if w.sees(name, opaque=opaque)]
            for watch in dict.fromkeys(watches):
                kind: ReasonKind = "unsure" if watch.unsure else "read"
                yield _FolderImpact(kind, self._origin[name], watch.folder, watch.stack, False, watch.place, watch.text)

    def _chains(self, folder: str) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Yields the stack folders that reach `folder`, with the shortest chain of modules to each."""
        chains: dict[str, tuple[str, ...]] = {folder: (folder,)}
        queue = deque([folder])
        while queue:
            current = queue.popleft()
            if current in self._by_path:
                yield current, chains[current]
            for caller in self._graph.callers.get(current, ()):
                if caller not in chains:
                    chains[caller] = (*chains[current], caller)
                    queue.append(caller)


def _names(layout: Layout, path: str) -> Iterator[str]:
    """Yields all names of a path: its own, and those through links to it or to folders around it."""
    queue, seen = deque([path]), {path}
    while queue:
        current = queue.popleft()
        yield current
        if len(seen) > _MOST_NAMES:
            continue
        ends = [*(i for i, letter in enumerate(current) if letter == "/"), len(current)]
        names = [f"{link}{current[end:]}" for end in ends for link in layout.linked.get(current[:end], ())]
        names += [f"{link}/{current}" for link in layout.linked.get("", ())]
        for name in names:
            # A link to a folder above itself gives infinitely many names.
            if name not in seen and name.count("/") <= path.count("/") + _DEEPER:
                seen.add(name)
                queue.append(name)
