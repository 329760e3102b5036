"""Finds root modules anywhere in a repository by the contents of their folders.

A root module configures a backend or a provider, or has files that only the Terraform CLI reads: variable files, a lock
file. A folder that another folder calls is a module, and so is a folder below `modules`. Examples and tests are neither
of them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from terrace.config.environment_names import HOMES, is_vague, rank
from terrace.config.stack_patterns import ASIDE, covers
from terrace.errors import Place
from terrace.hcl.facts import FileFacts, Settings
from terrace.hcl.facts_store import FactsStore, load_facts
from terrace.hcl.layout import LOCK_FILE, Layout, is_automatic_variables, join, parent
from terrace.hcl.tree import Tree
from terrace.stacks.accounts import UsedAccounts, find_accounts, needs_variables
from terrace.stacks.graph import Graph
from terrace.stacks.model import Notice, Stack
from terrace.words import join_some, plural

_MODULES = frozenset({"modules", "module"})
_SHOWN = 5
"""Maximum number of folders in a notice."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Evidence that a folder is a root module, with its place. `strong`: Terraform is run in the folder, or was."""

    what: str
    place: Place
    strong: bool = True


@dataclass(frozen=True, slots=True)
class RootModule:
    """A folder that is a root module by its `signs`, the strongest first. `backend` is its backend block, if any.
    `used` are the accounts of its providers; empty where they were not determined."""

    path: str
    signs: tuple[Evidence, ...]
    backend: Settings | None = None
    cloud: bool = False
    workspace: bool = False
    used: UsedAccounts = field(default_factory=UsedAccounts)

    @property
    def shown_path(self) -> str:
        """Returns the folder for messages: `.` for the root of the repository."""
        return self.path or "."

    @property
    def is_configured(self) -> bool:
        """Returns whether it configures a backend or a provider."""
        return any(sign.strong for sign in self.signs)


@dataclass(frozen=True, slots=True)
class Roots:
    """The root modules of a tree. `uncalled` are folders with configuration that no other folder calls and that have no
    signs: each is a root module or a module."""

    root_modules: tuple[RootModule, ...]
    uncalled: tuple[str, ...]


def find_root_modules(tree: Tree, store: FactsStore) -> Roots:
    """Returns the root modules of a tree, sorted by path, with the accounts that they use."""
    layout = Layout(tree)
    facts = load_facts(tree, _files(layout, layout.folders), store)
    roots = _roots(layout, tree, layout.folders, facts, frozenset())
    roots_with_use = (
        replace(root, used=_used_accounts(layout, tree, root.path, facts, store)) for root in roots.root_modules
    )
    return replace(roots, root_modules=tuple(roots_with_use))


def _used_accounts(
    layout: Layout, tree: Tree, folder: str, facts: Mapping[str, FileFacts], store: FactsStore
) -> UsedAccounts:
    files = {path: facts[path] for path in _configuration(layout, folder)}
    if not needs_variables(files.values()):
        return find_accounts(files)
    paths = [path for path in layout.variable_files(folder) if path in tree.entries]
    facts_by_path = load_facts(tree, paths, store)
    return find_accounts(files, [facts_by_path[path] for path in paths])


def find_roots_without_stack(
    tree: Tree, stacks: Iterable[Stack], graph: Graph, store: FactsStore, without: Iterable[str] = ()
) -> tuple[RootModule, ...]:
    """Returns the folders that configure a backend or a provider and are neither a stack nor a module of a stack.

    `without` are the folders, or patterns of folders, that are intentionally not stacks.
    """
    layout = Layout(tree)
    named = {layout.resolve(stack.path).real for stack in stacks}
    with_stack = {*graph.folders, *(layout.resolve(path).real for path in graph.folders), *named}
    expected = tuple(without)
    candidates = [
        folder
        for folder in layout.folders
        if folder not in with_stack and not any(covers(path, folder) for path in expected)
    ]
    if not candidates:
        return ()
    facts = load_facts(tree, _files(layout, candidates), store)
    called = frozenset(call.target for folder in graph.folders.values() for call in folder.calls)
    return tuple(root for root in _roots(layout, tree, candidates, facts, called).root_modules if root.is_configured)


def roots_without_stack_notice(roots: Collection[RootModule]) -> Notice:
    """Returns the notice about root modules that are not part of a stack; there must be at least one."""
    first = next(iter(roots))
    names = [root.shown_path for root in roots]
    folders, verb = plural(len(names), "folder"), "is" if len(names) == 1 else "are"
    place = first.signs[0].place
    return Notice(
        f"{folders} with a backend or a provider {verb} not part of any stack: {join_some(names, _SHOWN)}",
        place.path,
        place.line,
        "`terrace init --print` proposes entries for `stacks:`; list folders that are not stacks in `not_stacks:`",
    )


# --- what a folder contains --------------------------------------------------------------------------------------


def _files(layout: Layout, folders: Iterable[str]) -> list[str]:
    return [path for folder in folders for path in _configuration(layout, folder)]


def _configuration(layout: Layout, folder: str) -> Iterator[str]:
    """Yields the configuration files of a folder as entries of the tree, with links resolved."""
    for name in layout.folders[folder]:
        path = layout.resolve(f"{folder}/{name}" if folder else name).real
        if path is not None and path in layout.entries and not layout.entries[path].is_link:
            yield path


def _roots(
    layout: Layout, tree: Tree, folders: Iterable[str], facts: Mapping[str, FileFacts], called: frozenset[str]
) -> Roots:
    contents = {folder: {path: facts[path] for path in _configuration(layout, folder)} for folder in folders}
    modules = called | frozenset(_called_folders(contents))
    variables = _variables(tree, contents)
    aside = _OtherFolders(layout)
    roots, uncalled = [], []
    for folder in sorted(contents):
        backend, cloud = _backend(contents[folder])
        signs = tuple(_signs(tree, folder, contents[folder], variables.get(folder, ())))
        if aside.is_example(folder) or ((folder in modules or aside.is_module(folder)) and not (backend or cloud)):
            continue
        if not (backend or cloud) and all(sign.strong for sign in signs) and _has_only_linked_files(layout, folder):
            continue
        if signs:
            workspace = any(content.workspace_line for content in contents[folder].values())
            roots.append(RootModule(folder, signs, backend, cloud, workspace))
        else:
            uncalled.append(folder)
    return Roots(tuple(roots), tuple(uncalled))


def _has_only_linked_files(layout: Layout, folder: str) -> bool:
    """Returns whether other folders have all configuration of a folder through symbolic links."""
    if not layout.links:
        return False
    paths = (f"{folder}/{name}" if folder else name for name in layout.folders[folder])
    return all(any(parent(link) != folder for link in layout.linked.get(path, ())) for path in paths)


def _called_folders(contents: Mapping[str, Mapping[str, FileFacts]]) -> Iterator[str]:
    for folder, files in contents.items():
        for facts in files.values():
            for call in facts.modules:
                if call.source is not None and (call.source.startswith(("./", "../")) or call.source in (".", "..")):
                    target = join(folder, call.source)
                    if target is not None and target != folder:
                        yield target


def _backend(files: Mapping[str, FileFacts]) -> tuple[Settings | None, bool]:
    blocks = [facts.backend for facts in files.values() if facts.backend is not None]
    return (blocks[-1] if blocks else None), any(facts.cloud_line for facts in files.values())


def _variables(tree: Tree, contents: Collection[str]) -> Mapping[str, list[str]]:
    """Returns the variable files that Terraform loads automatically, by folder."""
    by_folder: dict[str, list[str]] = {}
    for path in tree.entries:
        # The suffix is checked first, because it is fast and excludes most files.
        is_one = path.endswith((".tfvars", ".tfvars.json")) and is_automatic_variables(path.rpartition("/")[2])
        if is_one and parent(path) in contents:
            by_folder.setdefault(parent(path), []).append(path)
    return by_folder


def _signs(tree: Tree, folder: str, files: Mapping[str, FileFacts], variables: Iterable[str]) -> Iterator[Evidence]:
    for path, facts in files.items():
        if facts.backend is not None:
            yield Evidence(f"backend {facts.backend.type}", Place(path, facts.backend.line))
        if facts.cloud_line:
            yield Evidence("a cloud block", Place(path, facts.cloud_line))
    for path, facts in files.items():
        for name, line in facts.configured.items():
            yield Evidence(f"provider {name}", Place(path, line))
    lock = f"{folder}/{LOCK_FILE}" if folder else LOCK_FILE
    if lock in tree.entries:
        yield Evidence("a lock file", Place(lock), strong=False)
    for path in variables:
        yield Evidence("a variable file", Place(path), strong=False)


class _OtherFolders:
    """Recognizes folders of examples, tests and modules by the names in their paths."""

    def __init__(self, layout: Layout) -> None:
        self._children: dict[str, set[str]] = {}
        self._cousins: dict[str, set[str]] = {}
        for folder in layout.folders:
            parts = folder.split("/")
            for index, part in enumerate(parts):
                self._children.setdefault("/".join(parts[:index]), set()).add(part)
                if index > 1:
                    self._cousins.setdefault("/".join(parts[: index - 1]), set()).add(part)

    def is_example(self, folder: str) -> bool:
        """Returns whether a folder is in examples or tests, or in a hidden folder."""
        parts = folder.split("/") if folder else []
        return any(
            part.startswith(".") or part in ASIDE - _MODULES or (part == "test" and not self._is_step(parts[:index]))
            for index, part in enumerate(parts)
        )

    def is_module(self, folder: str) -> bool:
        return not _MODULES.isdisjoint(folder.split("/"))

    def _is_step(self, above: list[str]) -> bool:
        """Returns whether a folder `test` is an environment: other environments are beside it, or usually are."""
        if above and above[-1] in HOMES:
            return True
        # They are beside it, or at the same place of another component: stacks/app/test, stacks/network/prod.
        beside = self._children.get("/".join(above), set()) | self._cousins.get("/".join(above[:-1]), set())
        return any(rank(name) is not None and not is_vague(name) for name in beside)
