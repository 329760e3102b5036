"""Which paths a folder of configuration depends on beyond its own files: what its expressions read."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from terrace.stacks.facts import Read, Template
from terrace.stacks.graph import Folder, Graph
from terrace.stacks.layout import join

OUTSIDE = "\0outside"
"""A path that no tree has: what is read from outside of the repository cannot change in it."""

_MANY_LOCALS = 20


@dataclass(frozen=True, slots=True)
class Watch:
    """One dependency of a folder, or of `stack` alone where the path depends on who calls.

    `how`: `is` (this path), `under` (anything below it; "" is the whole repository), `like` (below `path`, matching
    `pattern`). `unsure`: the expression could not be told in full, so that this is a guess on the safe side.
    """

    folder: str
    how: Literal["is", "under", "like"]
    path: str
    pattern: str = ""
    unsure: bool = False
    stack: str | None = None

    def sees(self, changed: str) -> bool:
        """Whether a changed path is one that this depends on."""
        if self.how == "is":
            return changed == self.path or changed.startswith(f"{self.path}/")
        if self.path and not changed.startswith(f"{self.path}/"):
            return changed == self.path and self.how == "under"
        if self.how == "under":
            return True
        rest = changed[len(self.path) + 1 :] if self.path else changed
        return _like(rest, self.pattern)


def watches(graph: Graph, stack_paths: frozenset[str]) -> Iterator[Watch]:
    """Everything that the folders of a graph watch. `stack_paths` are the folders that are stacks."""
    above: dict[str, frozenset[str]] = {}
    for folder in graph.folders.values():
        local_values = {name: value for facts in folder.facts for name, value in facts.locals.items()}
        for facts in folder.facts:
            for read in facts.reads:
                yield from _watches(graph, folder, read, local_values, stack_paths, above)
        for _ in folder.unsure:
            yield Watch(folder.path, "under", "", unsure=True)


def _watches(
    graph: Graph,
    folder: Folder,
    read: Read,
    local_values: dict[str, Template],
    stack_paths: frozenset[str],
    above: dict[str, frozenset[str]],
) -> Iterator[Watch]:
    template = _with_locals(read.template, local_values, 0)
    if any(part.kind == "root" for part in template) or _bare(template):
        # Who calls decides what the path means: one watch for each stack that reaches this folder.
        for stack in sorted(_stacks_above(graph, folder.path, stack_paths, above)):
            yield _watch(folder.path, read, template, root=stack, stack=stack)
    else:
        yield _watch(folder.path, read, template, root="", stack=None)


def _bare(template: Template) -> bool:
    """Whether a path begins with text: Terraform means it from the folder of the stack."""
    return bool(template) and template[0].kind == "text" and not template[0].text.startswith(("/", "~"))


def _watch(folder: str, read: Read, template: Template, *, root: str, stack: str | None) -> Watch:
    text, whole = _resolved(template, folder, root)
    if text is None:
        return Watch(folder, "under", "", unsure=True, stack=stack)
    if not whole:
        # Known up to some point: anything in the folder that the known part leads into.
        known = text.rpartition("/")[0] if "/" in text else ""
        path = join("", known) if known else ""
        return Watch(folder, "under", path or "", unsure=True, stack=stack)
    path = join("", text)
    if path is None:
        return Watch(folder, "is", OUTSIDE, stack=stack)
    if read.how == "set":
        return Watch(folder, "like", path, read.pattern or "**", stack=stack)
    if read.how == "mention":
        return Watch(folder, "under", path, stack=stack)
    return Watch(folder, "is" if read.how == "file" else "under", path, unsure=read.how == "doubt", stack=stack)


def _resolved(template: Template, folder: str, root: str) -> tuple[str | None, bool]:
    """The text of a template up to the first part that is not known, and whether that was all of it."""
    if not template:
        return None, False
    parts = []
    for index, part in enumerate(template):
        match part.kind:
            case "text":
                # A path that begins with text is meant from the folder where Terraform runs: the stack's.
                bare = index == 0 and not part.text.startswith(("/", "~"))
                parts.append(f"{root or '.'}/{part.text}" if bare else part.text)
            case "module":
                parts.append(folder or ".")
            case "root":
                parts.append(root or ".")
            case _:
                return ("".join(parts) or None), False
    return "".join(parts), True


def _with_locals(template: Template, values: dict[str, Template], depth: int) -> Template:
    """The template with locals of the same module put in, as far as they are known."""
    parts: Template = ()
    for part in template:
        if part.kind == "local" and part.text in values and depth < _MANY_LOCALS:
            parts = (*parts, *_with_locals(values[part.text], values, depth + 1))
        else:
            parts = (*parts, part)
    return parts


def _stacks_above(
    graph: Graph, path: str, stack_paths: frozenset[str], above: dict[str, frozenset[str]]
) -> frozenset[str]:
    """The stacks that reach a folder, itself included when it is one."""
    if path not in above:
        seen = {path}
        left = [path]
        while left:
            for caller in graph.callers.get(left.pop(), ()):
                if caller not in seen:
                    seen.add(caller)
                    left.append(caller)
        above[path] = frozenset(seen & stack_paths)
    return above[path]


def _like(path: str, pattern: str) -> bool:
    """`fileset` patterns: `**` crosses folders, `*` and `?` do not, `{a,b}` is a choice. Doubt matches."""
    if "{" in pattern:
        return True
    parts, wanted = path.split("/"), pattern.split("/")
    return _parts_like(parts, wanted)


def _parts_like(parts: list[str], wanted: list[str]) -> bool:
    if not wanted:
        return not parts
    if wanted[0] == "**":
        return any(_parts_like(parts[i:], wanted[1:]) for i in range(len(parts) + 1))
    return bool(parts) and fnmatch.fnmatchcase(parts[0], wanted[0]) and _parts_like(parts[1:], wanted[1:])
