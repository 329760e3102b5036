"""The module docs in READMEs: the modules that have them, the current docs, and the right ones."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from terrace.assess.model import Finding, Severity, Status
from terrace.checks.module_docs.markers import find_marked, new, put
from terrace.checks.module_docs.page import page, words
from terrace.config.naming import quote_word
from terrace.errors import BadInput, Place
from terrace.hcl.interface import UnreadableFile, read_interface
from terrace.hcl.layout import Layout
from terrace.hcl.tree import Tree, read_many
from terrace.stacks.model import Stack
from terrace.text import visible

README = "README.md"
ASIDE = frozenset({"example", "examples", "test", "tests", "testdata", "fixture", "fixtures"})
"""Folders with examples or tests of a module, which are not modules: they have docs only where there are markers."""

_MOST_COMPARED = 20_000


@dataclass(frozen=True, slots=True)
class Page:
    """The README of a module as it is (None: there is none) and as it should be. `line` is the first line of its
    docs."""

    folder: str
    readme: str
    before: bytes | None
    after: bytes
    line: int = 0

    @property
    def current(self) -> bool:
        return self.before == self.after

    @property
    def diff(self) -> str:
        """The changes that `terrace docs generate` would make, with every character visible."""
        if self.current:
            return ""
        before, after = _part(self.before or b"", self.readme), _part(self.after, self.readme)
        if max(len(before), len(after)) > _MOST_COMPARED:
            return f"{len(before)} lines become {len(after)}"
        name = visible(self.readme)
        lines = difflib.unified_diff(before, after, f"{name} (as it is)", f"{name} (as it should be)", lineterm="")
        return "\n".join(visible(line) for line in lines)


@dataclass(frozen=True, slots=True)
class Unknown:
    """A module whose docs are unknown, with the place of the reason."""

    folder: str
    place: Place
    why: str
    hint: str | None


Documented = Page | Unknown
Reader = Callable[[str], bytes | None]
"""Returns the content of a README by its path; None when there is none. Raises BadInput where it is not a file."""


class ModulePages:
    """The module docs of one tree. `reader` reads READMEs from the tree, or from the working tree."""

    def __init__(self, tree: Tree, stacks: Iterable[Stack], reader: Reader) -> None:
        self._tree = tree
        self._reader = reader
        self.layout = Layout(tree)
        self._roots = {stack.path for stack in stacks}
        self._readmes: dict[str, list[str]] = {}
        for path in tree.entries:
            folder, _, name = path.rpartition("/")
            if name.lower() == "readme.md":
                self._readmes.setdefault(folder, []).append(name)

    def modules(self) -> tuple[str, ...]:
        """Returns every folder that should have docs: modules for others, and other folders with markers."""
        return tuple(
            folder for folder in self._ours(self.layout.folders) if self.is_module(folder) or self.has_markers(folder)
        )

    def find_required(self, folders: Iterable[str], *, every_module: bool) -> tuple[str, ...]:
        """Returns those of the folders whose module docs must be right: with markers, or, if so, `every_module`."""
        modules = self._ours(set(folders) & self.layout.folders.keys())
        return tuple(
            module for module in modules if self.has_markers(module) or (every_module and self.is_module(module))
        )

    def _ours(self, folders: Iterable[str]) -> list[str]:
        """Returns the folders that are not below a hidden one: `.terraform` contains third-party modules."""
        return sorted(folder for folder in folders if not folder.startswith(".") and "/." not in folder)

    def is_module(self, folder: str) -> bool:
        """Returns whether a folder is a module for others, and neither a stack nor an example or a test."""
        return folder not in self._roots and not ASIDE & set(folder.split("/"))

    def has_markers(self, folder: str) -> bool:
        """Returns whether its README has a marker of any kind, right or not."""
        try:
            content = self._reader(self.readme(folder))
            return content is not None and find_marked(content, "") is not None
        except BadInput:
            return True

    def readme(self, folder: str) -> str:
        """Returns the path of a module's README, in upper or lower case."""
        names = sorted(self._readmes.get(folder, [README]), key=lambda name: (name != README, name))
        return f"{folder}/{names[0]}" if folder else names[0]

    def of(self, folders: Iterable[str]) -> Iterator[Documented]:
        """Yields the docs of these folders, each of which contains configuration."""
        for folder in folders:
            yield self._of(folder)

    def _of(self, folder: str) -> Documented:
        names = self.layout.folders[folder]
        ways = {name: self.layout.resolve(f"{folder}/{name}" if folder else name).real for name in names}
        paths = {name: path for name, path in ways.items() if path is not None and path in self._tree.entries}
        contents = read_many(self._tree, paths.values())
        interface = read_interface({name: contents[path] for name, path in paths.items()})
        if isinstance(interface, UnreadableFile):
            place = Place(f"{folder}/{interface.file}" if folder else interface.file, interface.line)
            return Unknown(folder, place, f"{interface.why}, so that its module cannot be documented", "fix the file")
        readme = self.readme(folder)
        try:
            before = self._reader(readme)
            text = page(interface)
            if before is None:
                title = words(visible(folder.rpartition("/")[2])) or "This module"
                return Page(folder, readme, None, new(title, text))
            section = find_marked(before, readme)
            line = before.count(b"\n", 0, section.start) if section else 0
            return Page(folder, readme, before, put(text, before, readme), line)
        except BadInput as error:
            return Unknown(folder, error.place or Place(readme), error.message, error.hint)


def _part(content: bytes, path: str) -> list[str]:
    """Returns the lines of the docs in a README: the other lines do not change."""
    section = find_marked(content, path)
    return content[section.start : section.end].decode("utf-8", "replace").splitlines() if section else []


def in_tree(tree: Tree) -> Reader:
    """Returns a reader of the READMEs of a commit."""

    def read(path: str) -> bytes | None:
        entry = tree.entries.get(path)
        if entry is not None and entry.is_link:
            raise BadInput("it is a symbolic link", hint="replace it by a plain file", place=Place(path))
        return tree.read(path) if entry is not None else None

    return read


def finding_of(documented: Documented) -> Finding | None:
    """Returns the finding of the check `docs` for a module; None when its docs are right."""
    if isinstance(documented, Unknown):
        return Finding(
            rule="docs",
            severity=Severity.LOW,
            status=Status.UNKNOWN,
            tool="terrace",
            message=documented.why,
            path=documented.place.path,
            line=documented.place.line,
            fix=documented.hint,
        )
    if documented.current:
        return None
    missing = documented.before is None or not documented.line
    return Finding(
        rule="docs",
        severity=Severity.LOW,
        status=Status.FAIL,
        tool="terrace",
        message="its README has no module docs" if missing else "its module docs are outdated",
        path=documented.readme,
        line=documented.line,
        detail=documented.diff,
        fix=f"terrace docs generate {quote_word(documented.folder or '.')}, or terrace check --fix",
    )
