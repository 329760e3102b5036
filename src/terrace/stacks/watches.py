"""Finds the changed paths that a configuration reads besides its own files: in functions, strings and variables."""

from __future__ import annotations

import fnmatch
import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from terrace.hcl.facts import FileFacts, Read, Template
from terrace.hcl.layout import join, parent
from terrace.stacks.graph import Folder, Graph
from terrace.stacks.inert import is_inert
from terrace.stacks.model import Stack
from terrace.stacks.values import UNKNOWN, Values, depends_on_stack, from_root, path_of

OUTSIDE = "\0outside"
"""A path that no tree has. It replaces paths outside the repository, which no change of the repository impacts."""


_SCRIPTS = (".bash", ".cjs", ".js", ".mjs", ".pl", ".ps1", ".py", ".rb", ".sh", ".ts")
"""Suffixes of scripts. A script possibly reads other files in its folder."""


@dataclass(frozen=True, slots=True)
class Watch:
    """One path that a folder depends on, or only the stack with the key `stack` where the path differs between stacks.

    `how`: `is` (this path and all paths below it), `under` (any path below it; "" is the whole repository), `like`
    (paths below `path` that match `pattern`). `unsure`: parts of the expression are unknown, so that the watch covers
    all paths that are possible. `place` is the place of the expression `text`, as `file:line`.
    """

    folder: str
    how: Literal["is", "under", "like"]
    path: str
    pattern: str = ""
    unsure: bool = False
    stack: str | None = None
    place: str = ""
    text: str = ""

    def sees(self, changed: str, *, opaque: bool) -> bool:
        """Returns whether this depends on a changed path. `opaque`: the path is a link or a submodule, so that any path
        below it counts as changed."""
        if self.path == changed or (opaque and self.path.startswith(f"{changed}/")):
            return True
        if self.path and not changed.startswith(f"{self.path}/"):
            return False
        if self.how == "like" and not opaque:
            return _like(changed[len(self.path) + 1 :] if self.path else changed, self.pattern)
        return True


class Changed:
    """Changed paths, indexed for fast queries by name and by folder.

    `opaque` are links and submodules: any path below them counts as changed.
    """

    def __init__(self, paths: Iterable[str], opaque: Iterable[str] = ()) -> None:
        self.paths = tuple(sorted(set(paths)))
        self.names = frozenset(name for path in self.paths for name in path.split("/"))
        self.opaque = frozenset(opaque)
        self._opaque_names = frozenset(path.rpartition("/")[2] for path in self.opaque)
        self._all = frozenset(self.paths)

    def at(self, path: str) -> Iterator[str]:
        """Yields the changed paths at and below a path, and the opaque ones above it."""
        if path in self._all:
            yield path
        yield from self.paths_below(f"{path}/" if path else "")
        if self.opaque:
            yield from (path[:end] for end, letter in enumerate(path) if letter == "/" and path[:end] in self.opaque)

    def paths_below(self, prefix: str) -> Iterator[str]:
        """Yields the changed paths that begin with a text."""
        for path in self.paths[bisect_left(self.paths, prefix) :]:
            if not path.startswith(prefix):
                return
            yield path

    def may_be(self, template: Template) -> bool:
        """Returns whether a template possibly names a changed path, without resolving the template."""
        last = template[-1]
        if last.kind != "text":
            return True
        text = last.text.rstrip("/")
        if self._opaque_names and not self._opaque_names.isdisjoint(text.split("/")):
            return True
        _, slash, name = text.rpartition("/")
        if name.endswith(_SCRIPTS):
            return True
        if len(template) == 1 or slash:
            return name in self.names or not name.strip(".")
        return any(ending.endswith(name) for ending in self.names)


def find_watches(graph: Graph, stacks: tuple[Stack, ...], changed: Changed) -> Iterator[Watch]:
    """Yields the paths that the folders of a graph read through functions, and the changed paths that strings name."""
    reader = _Reader(graph, stacks, changed)
    for folder in graph.folders.values():
        yield from reader.of_folder(folder)
    for stack in stacks:
        yield from reader.of_variables(stack)


class _Reader:
    """Finds the watches of one graph."""

    def __init__(self, graph: Graph, stacks: tuple[Stack, ...], changed: Changed) -> None:
        self._graph = graph
        self._changed = changed
        self._by_path: dict[str, list[Stack]] = {}
        for stack in sorted(stacks, key=lambda stack: stack.key):
            self._by_path.setdefault(stack.path, []).append(stack)
        self._above: dict[str, list[Stack]] = {}
        self._values: dict[str, Values] = {}

    def of_folder(self, folder: Folder) -> Iterator[Watch]:
        """Yields the watches of one folder."""
        for file, facts in zip(folder.files, folder.facts, strict=True):
            for read in facts.reads:
                yield from self._of_read(folder, file, read)
            yield from self._of_words(folder, file, facts)
            if facts.error_line:
                place = f"{file}:{facts.error_line}"
                yield Watch(folder.path, "under", "", unsure=True, place=place, text="a syntax error")
        for file, line in folder.unsure:
            place = f"{file}:{line}" if line else file
            yield Watch(folder.path, "under", "", unsure=True, place=place, text="the source of a module")

    def of_variables(self, stack: Stack) -> Iterator[Watch]:
        """Yields the changed paths that the variable files of a stack name."""
        for file, facts in self._graph.variables.get(stack.key, ()):
            for words in facts.words:
                if self._changed.may_be(words.template):
                    yield from self._named_paths(stack.path, stack, words.template, _place(file, words.line), stack.key)

    def _of_read(self, folder: Folder, file: str, read: Read) -> Iterator[Watch]:
        place = _place(file, read.line)
        if read.function != "templatefile" and not depends_on_stack(read.template, folder):
            # It is the same in every stack that reaches the folder, so one of them is enough to resolve it.
            for stack in self._stacks_above(folder.path)[:1]:
                yield from self._resolve(folder, stack, read, place, None)
            return
        for stack in self._stacks_above(folder.path):
            yield from self._resolve(folder, stack, read, place, stack.key)

    def _resolve(self, folder: Folder, stack: Stack, read: Read, place: str, key: str | None) -> Iterator[Watch]:
        for text in self._values_of(stack).of(read.template, folder.path):
            yield _watch(folder.path, read, text, stack.path, place, key)
            path = path_of(text, stack.path)
            for beside in self._beside_script(path or "") if read.how == "mention" else ():
                yield Watch(folder.path, "is", beside, unsure=True, stack=key, place=place, text=read.text)
            inner = self._graph.templates.get(path or "") if read.function == "templatefile" else None
            for inside in inner.reads if inner is not None else ():
                for meant in self._values_of(stack).of(inside.template, folder.path):
                    yield _watch(folder.path, inside, meant, stack.path, _place(path or "", inside.line), stack.key)

    def _of_words(self, folder: Folder, file: str, facts: FileFacts) -> Iterator[Watch]:
        for words in facts.words:
            if self._changed.may_be(words.template):
                for stack in self._stacks_above(folder.path):
                    yield from self._named_paths(
                        folder.path, stack, words.template, _place(file, words.line), stack.key
                    )

    def _named_paths(self, folder: str, stack: Stack, template: Template, place: str, key: str) -> Iterator[Watch]:
        """Yields the changed paths that a string names."""
        texts = (
            (template[0].text,)
            if len(template) == 1 and template[0].kind == "text"
            else self._values_of(stack).of(template, folder)
        )
        for text in texts:
            shown = text.replace(UNKNOWN, "...")
            for path, unsure in self._possible_paths(from_root(text, stack.path)):
                yield Watch(folder, "is", path, unsure=unsure, stack=key, place=place, text=f'"{shown}"')

    def _possible_paths(self, text: str) -> Iterator[tuple[str, bool]]:
        """Yields the changed paths that a text possibly names, and whether that is uncertain."""
        if UNKNOWN not in text:
            path = join("", text)
            if path is not None:
                yield from ((changed, False) for changed in self._changed.at(path))
                yield from ((beside, True) for beside in self._beside_script(path))
            return
        prefix, _, rest = text.partition(UNKNOWN)
        if not prefix:
            # The beginning is unknown, so the name of a file, with its known folders, is enough.
            tail = text.rpartition(UNKNOWN)[2]
            _, slash, names = tail.partition("/")
            part = f"/{names.rstrip('/')}/"
            if slash and len(part) > 2:
                yield from ((changed, True) for changed in self._changed.paths if part in f"/{changed}/")
            return
        above, _, begun = prefix.rpartition("/")
        folder = join("", above or ".")
        if folder is None:
            return
        like = re.compile(".*".join(map(re.escape, f"{begun}{UNKNOWN}{rest}".rstrip("/").split(UNKNOWN))) + "(/.*)?")
        start = f"{folder}/" if folder else ""
        for changed in self._changed.paths_below(f"{start}{begun}"):
            if changed in self._changed.opaque or like.fullmatch(changed[len(start) :]):
                yield changed, True
        yield from ((changed, True) for changed in self._changed.at(folder) if changed in self._changed.opaque)

    def _beside_script(self, path: str) -> Iterator[str]:
        """Yields the changed paths in the folder of a script and below, which it possibly reads."""
        if not path.endswith(_SCRIPTS):
            return
        folder = parent(path)
        for changed in self._changed.paths_below(f"{folder}/" if folder else ""):
            rest = changed[len(folder) + 1 :] if folder else changed
            # Everything is below the root of the repository.
            if changed != path and not is_inert(rest) and (folder or "/" not in rest):
                yield changed

    def _values_of(self, stack: Stack) -> Values:
        if stack.key not in self._values:
            self._values[stack.key] = Values(self._graph, stack, self._graph.find_reached(stack))
        return self._values[stack.key]

    def _stacks_above(self, path: str) -> list[Stack]:
        """Returns the stacks that reach a folder, including the stacks of the folder itself."""
        if path not in self._above:
            seen = {path}
            queue = [path]
            while queue:
                for caller in self._graph.callers.get(queue.pop(), ()):
                    if caller not in seen:
                        seen.add(caller)
                        queue.append(caller)
            stacks = (self._by_path[folder] for folder in sorted(seen & self._by_path.keys()))
            self._above[path] = [stack for stacks in stacks for stack in stacks]
        return self._above[path]


def _place(file: str, line: int) -> str:
    return f"{file}:{line}" if line else file


def _watch(folder: str, read: Read, text: str, root: str, place: str, stack: str | None) -> Watch:
    whole = from_root(text, root)
    start, unknown, _ = whole.partition(UNKNOWN)
    if unknown or not whole:
        # Only the beginning is known: any path in the last folder that it names is possible.
        path = join("", start.rpartition("/")[0] or ".") if "/" in start else ""
        return Watch(folder, "under", path or "", unsure=True, stack=stack, place=place, text=read.text)
    path = join("", whole)
    if path is None:
        return Watch(folder, "is", OUTSIDE, stack=stack)
    if read.how == "set":
        return _set(folder, path, read, place, stack)
    return Watch(folder, "is", path, unsure=read.how == "doubt", stack=stack, place=place, text=read.text)


def _set(folder: str, path: str, read: Read, place: str, stack: str | None) -> Watch:
    """Returns the watch of a `fileset`. Folders without a wildcard at the beginning of its pattern go to the path."""
    names = (read.pattern or "**").split("/")
    while len(names) > 1 and not re.search(r"[*?{}\[\]\\]", names[0]):
        inner = join(path, names.pop(0))
        if inner is None:
            return Watch(folder, "is", OUTSIDE, stack=stack)
        path = inner
    return Watch(folder, "like", path, "/".join(names), stack=stack, place=place, text=read.text)


def _like(path: str, pattern: str) -> bool:
    """Returns whether a path matches a `fileset` pattern. A pattern with braces or brackets matches every path."""
    if re.search(r"[{}\[\]\\]", pattern):
        return True
    parts, pattern_parts = path.split("/"), pattern.split("/")
    return _parts_like(parts, pattern_parts)


def _parts_like(parts: list[str], pattern_parts: list[str]) -> bool:
    if not pattern_parts:
        return not parts
    if pattern_parts[0] == "**":
        return any(_parts_like(parts[i:], pattern_parts[1:]) for i in range(len(parts) + 1))
    return bool(parts) and fnmatch.fnmatchcase(parts[0], pattern_parts[0]) and _parts_like(parts[1:], pattern_parts[1:])
