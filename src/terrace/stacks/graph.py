"""The module graph of the stacks of one commit: the folders that they reach, and the facts of their files."""

from __future__ import annotations

import hashlib
import json
import posixpath
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from terrace.config.model import DEFAULT_WORKSPACE, Environment
from terrace.hcl.facts import FileFacts, ModuleCall, Settings, Template
from terrace.hcl.facts_store import FactsStore, load_facts, load_template_facts
from terrace.hcl.layout import LOCK_FILE, Layout, is_override, join
from terrace.hcl.tree import SUBMODULE_HINT, Tree, absent_submodules, submodule_of, submodules
from terrace.stacks.model import Notice, Stack
from terrace.stacks.values import Values, depends_on_stack, path_of
from terrace.words import join_some

_LOCAL = ("./", "../")
_VARIABLE = "TF_VAR_"
_MOST_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Call:
    """A module call whose source is a local folder. `links` are the symbolic links in its path."""

    call: ModuleCall
    target: str
    path: str
    links: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Folder:
    """One module: a folder with configuration. `unsure` are module calls with an unknown source, as (file, line).
    `names` are the names of the files in this folder; for a link, `files` has its target.
    """

    path: str
    files: tuple[str, ...]
    facts: tuple[FileFacts, ...]
    calls: tuple[Call, ...] = ()
    unsure: tuple[tuple[str, int], ...] = ()
    links: tuple[str, ...] = ()
    names: tuple[str, ...] = ()

    @property
    def backend(self) -> Settings | None:
        """Returns the effective backend block: one in an override file wins, by the name of the file in this folder."""
        names = self.names or tuple(path.rpartition("/")[2] for path in self.files)
        blocks = [(name, facts.backend) for name, facts in zip(names, self.facts, strict=True) if facts.backend]
        blocks.sort(key=lambda pair: is_override(pair[0]))
        return blocks[-1][1] if blocks else None


@dataclass(frozen=True, slots=True)
class BackendFile:
    """A file with backend settings. `blob` is "" where the repository has no such file; `known` are the literal values,
    `unknown` the names of the others."""

    path: str
    blob: str = ""
    known: Mapping[str, str] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True)
class Graph:
    """All folders that stacks reach, by path. `callers` are the folders that call a module.

    `variables` are the variable files of each stack by its key, in the order in which Terraform applies them, with
    their facts. `templates` are the facts of every possible `templatefile` template, by the path that it is read by.
    `backend_files` are those that terrace.yaml lists for each stack, by its key. `outside` are the values of variables
    from terrace.yaml (`TF_VAR_NAME`), by environment; None for an unknown value.
    """

    folders: dict[str, Folder]
    locks: dict[str, str]
    notices: tuple[Notice, ...] = ()
    callers: dict[str, tuple[str, ...]] = field(default_factory=dict)
    variables: dict[str, tuple[tuple[str, FileFacts], ...]] = field(default_factory=dict)
    templates: dict[str, FileFacts] = field(default_factory=dict)
    backend_files: dict[str, tuple[BackendFile, ...]] = field(default_factory=dict)
    outside: Mapping[str, Mapping[str, tuple[str | None, ...]]] = field(default_factory=dict)

    @staticmethod
    def of(tree: Tree, stacks: tuple[Stack, ...], store: FactsStore, environments: Iterable[Environment] = ()) -> Graph:
        """Returns the graph of these stacks, with the variables that these environments set."""
        outside = {e.name: values for e in environments if (values := _variables_from_environment(e))}
        return _Builder(tree, store).build(stacks, outside)

    def find_reached(self, stack: Stack) -> tuple[str, ...]:
        """Returns the folders that a stack reaches: its own first, the others sorted."""
        seen = {stack.path}
        queue = [stack.path]
        while queue:
            folder = self.folders.get(queue.pop())
            for call in folder.calls if folder else ():
                if call.target not in seen:
                    seen.add(call.target)
                    queue.append(call.target)
        return (stack.path, *sorted(seen - {stack.path}))

    def values(self, stack: Stack) -> dict[str, Template]:
        """Returns the values of variables from the variable files of a stack."""
        values: dict[str, Template] = {}
        for _, facts in self.variables.get(stack.key, ()):
            values |= facts.values
        return values

    def backend(self, stack: Stack) -> str:
        """Returns the type of the backend of a stack; "" where it has no backend block."""
        folder = self.folders.get(stack.path)
        settings = folder.backend if folder else None
        return settings.type if settings else ""

    def merge_settings(self, stack: Stack, block: Settings) -> Settings:
        """Returns the settings of a backend block merged with those that `init` gets for the stack. A file takes
        precedence over the block and over earlier files, and `backend_config` over all of them."""
        known, unknown = dict(block.known), set(block.unknown)
        for file in self.backend_files.get(stack.key, ()):
            unknown = (unknown - file.known.keys()) | set(file.unknown)
            known = {name: value for name, value in known.items() if name not in file.unknown}
            known.update(file.known)
        known |= dict(stack.backend_config)
        return Settings(block.type, known, tuple(sorted(unknown - known.keys())), block.line)

    def init_key(self, stack: Stack) -> str:
        """Returns a hash of everything that `terraform init` depends on; `init` need not run again for an equal one."""
        parts: list[object] = [stack.backend_config, self.locks.get(stack.path, "")]
        if stack.backend_files:
            parts.append([(file.path, file.blob) for file in self.backend_files.get(stack.key, ())])
        for path in self.find_reached(stack):
            folder = self.folders.get(path)
            parts.append((path, sorted({facts.init for facts in folder.facts if facts.init}) if folder else []))
        text = json.dumps(parts).encode("utf-8", "surrogateescape")
        return hashlib.sha256(text).hexdigest()[:32]


def _variables_from_environment(environment: Environment) -> dict[str, tuple[str | None, ...]]:
    """Returns the values of Terraform variables from `env` and `credentials` of an environment. None is an unknown
    value from the environment of the machine, or no value."""
    texts_by_variable: dict[str, set[str | None]] = {}
    sets = (environment.credentials.plan, environment.credentials.apply)
    for name in (*environment.env, *sets[0], *sets[1]):
        if name.startswith(_VARIABLE) and name != _VARIABLE:
            texts = [variables.get(name) for variables in sets] if name not in environment.env else [None]
            known = {None if text is None or text.startswith("env:") else text for text in texts}
            texts_by_variable.setdefault(name.removeprefix(_VARIABLE), set()).update(known)
    return {name: tuple(sorted(texts, key=lambda text: text or "")) for name, texts in texts_by_variable.items()}


def local_state_path(stack: Stack, graph: Graph) -> str:
    """Returns where Terraform on its own keeps the local state of a stack, from the root of the repository; "" where it
    has another backend, or where the path has no literal value."""
    folder = graph.folders.get(stack.path)
    if folder is None or graph.backend(stack) not in ("", "local"):
        return ""
    configured = graph.merge_settings(stack, folder.backend or Settings("local"))
    if "path" in configured.unknown:
        return ""
    known = configured.known
    if stack.workspace != DEFAULT_WORKSPACE:
        folder_of_workspaces = known.get("workspace_dir") or "terraform.tfstate.d"
        state = posixpath.join(folder_of_workspaces, stack.workspace, "terraform.tfstate")
        return posixpath.normpath(posixpath.join(stack.path, state))
    return posixpath.normpath(posixpath.join(stack.path, known.get("path") or "terraform.tfstate"))


def _text_of(template: Template) -> str | None:
    """Returns the text of a literal value; None for others, "" for an empty string."""
    return None if any(part.kind != "text" for part in template) else "".join(part.text for part in template)


class _Builder:
    """Reads the folders of a graph, one level of module calls at a time, so that files are read in few batches."""

    def __init__(self, tree: Tree, store: FactsStore) -> None:
        self._tree = tree
        self._store = store
        self._layout = Layout(tree)
        self._folders: dict[str, Folder] = {}
        self._notices: list[Notice] = []
        self._known_names: dict[str, list[tuple[str, str]]] = {}

    def build(self, stacks: tuple[Stack, ...], outside: Mapping[str, Mapping[str, tuple[str | None, ...]]]) -> Graph:
        level = sorted({stack.path for stack in stacks})
        while level:
            facts = load_facts(self._tree, [p for folder in level for p in self._files(folder)], self._store)
            for folder in level:
                self._folders[folder] = self._folder(folder, facts)
            targets = {call.target for folder in level for call in self._folders[folder].calls}
            level = sorted(targets - self._folders.keys())
        callers: dict[str, list[str]] = {}
        for path in sorted(self._folders):
            for call in self._folders[path].calls:
                callers.setdefault(call.target, []).append(path)
        self._notices += _cycle_notices(self._folders)
        self._notices += _default_workspaces(stacks, self._folders)
        locks = {s.path: e.blob for s in stacks if (e := self._tree.entries.get(s.file(LOCK_FILE)))}
        unique = tuple(dict.fromkeys(self._notices))
        graph = Graph(
            self._folders,
            locks,
            unique,
            {to: tuple(dict.fromkeys(by)) for to, by in callers.items()},
            self._variables(stacks),
            backend_files={stack.key: self._backend_files(stack) for stack in stacks if stack.backend_files},
            outside=outside,
        )
        graph.templates.update(self._templates(graph, stacks))
        return graph

    def _backend_files(self, stack: Stack) -> tuple[BackendFile, ...]:
        ways = {path: self._layout.resolve(path).real for path in stack.backend_files}
        existing = {path: real for path, real in ways.items() if real is not None and real in self._layout.entries}
        facts = load_facts(self._tree, sorted(set(existing.values())), self._store)
        backend_files = []
        for path in stack.backend_files:
            if path not in existing:
                backend_files.append(BackendFile(path))
                continue
            values = facts[existing[path]].values
            known = {name: text for name, template in values.items() if (text := _text_of(template)) is not None}
            unknown = tuple(sorted(values.keys() - known.keys()))
            backend_files.append(BackendFile(path, self._layout.entries[existing[path]].blob, known, unknown))
        return tuple(backend_files)

    def _variables(self, stacks: tuple[Stack, ...]) -> dict[str, tuple[tuple[str, FileFacts], ...]]:
        """Returns the variable files of each stack, by its key."""
        taken: dict[str, tuple[str, ...]] = {}
        for stack in stacks:
            real_paths = (self._layout.resolve(path).real for path in stack.var_files)
            paths = (
                *self._layout.variable_files(stack.path),
                *(path for path in real_paths if path in self._layout.entries),
            )
            if paths:
                taken[stack.key] = tuple(path for path in paths if path is not None)
        facts = load_facts(self._tree, sorted({path for paths in taken.values() for path in paths}), self._store)
        return {key: tuple((path, facts[path]) for path in paths) for key, paths in taken.items()}

    def _templates(self, graph: Graph, stacks: tuple[Stack, ...]) -> dict[str, FileFacts]:
        """Returns the facts of the `templatefile` templates."""
        paths: dict[str, str] = {}
        done: set[tuple[str, Template]] = set()
        calling = {path for path, folder in self._folders.items() if any(_templates_in(folder))}
        for stack in stacks if calling else ():
            reached = graph.find_reached(stack)
            values = Values(graph, stack, reached)
            for path in calling.intersection(reached):
                folder = self._folders[path]
                for template in _templates_in(folder):
                    if (path, template) in done:
                        continue
                    if not depends_on_stack(template, folder):
                        done.add((path, template))
                    for text in values.of(template, path):
                        template_path = path_of(text, stack.path)
                        real = self._layout.resolve(template_path).real if template_path else None
                        if real in self._layout.entries and real is not None:
                            paths[template_path or ""] = real
        facts = load_template_facts(self._tree, sorted(set(paths.values())), self._store) if paths else {}
        return {path: facts[real] for path, real in paths.items()}

    def _configuration_files(self, folder: str) -> list[tuple[str, str]]:
        """Returns the configuration files of a folder: the name in it, and the path with links resolved."""
        if folder in self._known_names:
            return self._known_names[folder]
        real = self._layout.resolve(folder).real
        named: list[tuple[str, str]] = []
        for name in self._layout.configuration(folder):
            path = self._layout.resolve(f"{real}/{name}" if real else name).real
            if path is not None and path in self._layout.entries:
                named.append((name, path))
        self._known_names[folder] = named
        return named

    def _files(self, folder: str) -> list[str]:
        return [path for _, path in self._configuration_files(folder)]

    def _folder(self, folder: str, facts: dict[str, FileFacts]) -> Folder:
        files = self._files(folder)
        calls: list[Call] = []
        unsure: list[tuple[str, int]] = []
        links = list(self._layout.resolve(folder).links)
        real = self._layout.resolve(folder).real or folder
        for name in self._layout.configuration(folder):
            links += self._layout.resolve(f"{real}/{name}" if real else name).links
        for path in files:
            file_facts = facts[path]
            if file_facts.error_line:
                hint = "fix it: `terraform validate` shows it; the rest of the file may be missing from this report"
                self._notices.append(Notice("this file has a syntax error", path, file_facts.error_line, hint))
            for call in file_facts.modules:
                self._call(folder, path, call, calls, unsure)
        return Folder(
            folder,
            tuple(files),
            tuple(facts[path] for path in files),
            tuple(calls),
            tuple(unsure),
            tuple(dict.fromkeys(links)),
            tuple(name for name, _ in self._configuration_files(folder)),
        )

    def _call(self, folder: str, path: str, call: ModuleCall, calls: list[Call], unsure: list[tuple[str, int]]) -> None:
        if call.source is None:
            unsure.append((path, call.line))
            message = f"the source of module {call.name!r} is not a literal, so every change counts as an impact"
            self._notices.append(Notice(message, path, call.line))
            return
        if not call.source.startswith(_LOCAL) and call.source not in (".", ".."):
            return
        target = join(folder, call.source)
        way = self._layout.resolve(target) if target is not None else None
        if way is None or way.real is None:
            message = f"module {call.name!r} is outside the repository: {call.source}"
            self._notices.append(Notice(message, path, call.line, "Terrace does not detect changes there"))
            return
        calls.append(Call(call, way.real, path, way.links))
        within = submodule_of(way.real, submodules(self._tree))
        why = absent_submodules(self._tree).get(within or "")
        if why is not None:
            message = f"module {call.name!r} is in the Git submodule {within}, which is not checked out: {why.message}"
            self._notices.append(Notice(message, path, call.line, why.hint))
        elif within is not None:
            message = f"module {call.name!r} is in the Git submodule {within}, whose files Terrace does not check out"
            self._notices.append(Notice(message, path, call.line, SUBMODULE_HINT))
        elif not self._layout.configuration(way.real):
            message = f"module {call.name!r} has no configuration at {way.real}"
            self._notices.append(Notice(message, path, call.line, "the folder is missing, empty or misspelled"))


def _default_workspaces(stacks: tuple[Stack, ...], folders: dict[str, Folder]) -> Iterator[Notice]:
    """Yields a notice for each use of `terraform.workspace` in stacks without a `workspace`: the value may be meant to
    be the environment."""
    using = {path: next((n for n in _workspace_lines(folder)), None) for path, folder in folders.items()}
    if not any(using.values()):
        return
    keys_by_place: dict[tuple[str, int], list[str]] = {}
    for stack in stacks:
        if stack.workspace == DEFAULT_WORKSPACE:
            for path in Graph(folders, {}).find_reached(stack):
                place = using.get(path)
                if place is not None:
                    keys_by_place.setdefault(place, []).append(stack.key)
    for (path, line), keys in sorted(keys_by_place.items()):
        named = join_some(keys, _MOST_SHOWN)
        yield Notice(
            f"`terraform.workspace` is always `default` in {named}",
            path,
            line,
            "if its state is in another workspace, set `workspace: NAME` in its entry under `stacks:`",
        )


def _workspace_lines(folder: Folder) -> Iterator[tuple[str, int]]:
    return (
        (path, facts.workspace_line)
        for path, facts in zip(folder.files, folder.facts, strict=True)
        if facts.workspace_line
    )


def _templates_in(folder: Folder) -> Iterator[Template]:
    return (read.template for facts in folder.facts for read in facts.reads if read.function == "templatefile")


def _cycle_notices(folders: dict[str, Folder]) -> Iterator[Notice]:
    """Yields a notice for each cycle of module calls."""
    done: set[str] = set()
    for start in sorted(folders):
        way = [] if start in done else [start]
        pending = [iter(folders[start].calls)]
        while way:
            call = next(pending[-1], None)
            if call is None:
                done.add(way.pop())
                pending.pop()
            elif call.target in way:
                circle = [*way[way.index(call.target) :], call.target]
                message = f"module calls form a cycle: {' → '.join(circle)}"
                yield Notice(message, call.path, call.call.line, "Terraform rejects this")
            elif call.target not in done:
                way.append(call.target)
                pending.append(iter(folders[call.target].calls if call.target in folders else ()))
