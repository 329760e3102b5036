"""Resolves strings of a configuration for one stack: replaces variables and locals by their literal values.

A resolved text is a plain string in which `UNKNOWN` marks an unknown part, and `ROOTED` the root of the repository: the
text after it is a path from there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import product
from typing import TYPE_CHECKING

from terrace.hcl.facts import Part, Template
from terrace.hcl.layout import join
from terrace.stacks.model import Stack

if TYPE_CHECKING:
    from terrace.stacks.graph import Folder, Graph

UNKNOWN = "\1"
ROOTED = "\0"

MOST_VALUES = 60
"""Maximum number of values of a string. A string with more is unknown."""

_DEEPEST = 12


class Values:
    """Resolves the templates of the folders that one stack reaches."""

    def __init__(self, graph: Graph, stack: Stack, reached: Iterable[str]) -> None:
        """`reached` are the folders that the stack reaches: only their module calls are followed."""
        self._graph = graph
        self._stack = stack
        self._reached = frozenset(reached)
        self._given = graph.values(stack)
        self._outside = graph.outside.get(stack.environment, {})
        self._known: dict[tuple[str, str, str], tuple[str, ...]] = {}

    def of(self, template: Template, folder: str) -> tuple[str, ...]:
        """Returns all possible texts of a template in a folder; at least one."""
        return self._resolve(template, folder, 0)

    def _resolve(self, template: Template, folder: str, depth: int) -> tuple[str, ...]:
        if not template or depth > _DEEPEST:
            return (UNKNOWN,)
        choices = [self._part(part, folder, depth) for part in template]
        number = 1
        for choice in choices:
            number *= len(choice)
        if number > MOST_VALUES:
            choices = [choice if len(choice) == 1 else (UNKNOWN,) for choice in choices]
        return tuple(dict.fromkeys("".join(parts) for parts in product(*choices)))

    def _part(self, part: Part, folder: str, depth: int) -> tuple[str, ...]:
        match part.kind:
            case "text":
                return (part.text,)
            case "module":
                return (f"{ROOTED}{folder or '.'}",)
            case "root":
                return (f"{ROOTED}{self._stack.path or '.'}",)
            case "workspace":
                return (self._stack.workspace,)
            case "local" | "var":
                key = (part.kind, part.text, folder)
                if key not in self._known:
                    # A value that depends on itself is unknown.
                    self._known[key] = (UNKNOWN,)
                    find = self._local if part.kind == "local" else self._variable
                    self._known[key] = find(part.text, folder, depth + 1)
                return self._known[key]
        return (UNKNOWN,)

    def _local(self, name: str, folder: str, depth: int) -> tuple[str, ...]:
        module = self._graph.folders.get(folder)
        values = [facts.locals[name] for facts in module.facts if name in facts.locals] if module else []
        return self._all(((value, folder) for value in values), depth)

    def _variable(self, name: str, folder: str, depth: int) -> tuple[str, ...]:
        module = self._graph.folders.get(folder)
        if module is None:
            return (UNKNOWN,)
        default = [(facts.defaults[name], folder) for facts in module.facts if name in facts.defaults]
        templates: list[tuple[Template, str]] = []
        if folder == self._stack.path:
            if name in self._given:
                templates.append((self._given[name], folder))
            else:
                # Variable files take precedence over TF_VAR_NAME, and that over the default.
                texts = self._outside.get(name, ())
                templates += [((Part("unknown") if text is None else Part("text", text),), folder) for text in texts]
                templates += default if not texts or None in texts else []
        for caller in self._graph.callers.get(folder, ()):
            if caller in self._reached:
                for arguments in _arguments(self._graph.folders[caller], folder):
                    templates += [(arguments[name], caller)] if name in arguments else default
        return self._all(templates, depth)

    def _all(self, values: Iterable[tuple[Template, str]], depth: int) -> tuple[str, ...]:
        texts = tuple(dict.fromkeys(text for value, at in values for text in self._resolve(value, at, depth)))
        return texts if 0 < len(texts) <= MOST_VALUES else (UNKNOWN,)


def from_root(text: str, root: str) -> str:
    """Returns a resolved text as a path from the root of the repository, with its `.` and `..`.

    `root` is the folder where Terraform runs: a path that begins with text is relative to it.
    """
    if ROOTED in text:
        return text.rpartition(ROOTED)[2]
    return text if text.startswith(("/", "~", UNKNOWN)) else f"{root or '.'}/{text}"


def path_of(text: str, root: str) -> str | None:
    """Returns a resolved text as a path in the repository; None where it is outside it, or has unknown parts."""
    return None if UNKNOWN in text else join("", from_root(text, root))


def _arguments(caller: Folder, target: str) -> Iterable[Mapping[str, Template]]:
    return (call.call.arguments for call in caller.calls if call.target == target)


def depends_on_stack(template: Template, folder: Folder, depth: int = 0) -> bool:
    """Returns whether a template can have another meaning in another stack: it has a variable or the folder of the root
    module, or begins with text, which is relative to the folder where Terraform runs."""
    if not template or depth > _DEEPEST:
        return False
    first = template[0]
    if first.kind == "text" and depth == 0 and not first.text.startswith(("/", "~")):
        return True
    for number, part in enumerate(template):
        if part.kind in ("root", "var", "workspace"):
            return True
        if part.kind == "local":
            for facts in folder.facts:
                value = facts.locals.get(part.text)
                if value is None:
                    continue
                if number == 0 and value and value[0].kind == "text":
                    return True
                if depends_on_stack(value, folder, depth + 1):
                    return True
    return False
