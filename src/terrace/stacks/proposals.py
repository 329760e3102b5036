"""Proposes environments and stacks for a repository, from the contents and names of its folders.

Nothing is invented. An environment comes from a name in the path of a root module or of a variable file. Without such a
name it comes from the tags of its provider, or from the account that it shares with one environment. The order comes
from common names. Root modules without a proposal are listed with a hint.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise

from terrace.config.default_environments import needs_approval
from terrace.config.environment_names import HOMES, is_production, is_vague, order_names, rank, split_name, usual_rank
from terrace.config.keys.values import PATH
from terrace.config.naming import NAME
from terrace.config.stack_patterns import fill_captures, find_fault, find_matching
from terrace.hcl.facts_store import FactsStore
from terrace.hcl.layout import Layout, is_automatic_variables, parent
from terrace.hcl.tree import Tree
from terrace.stacks.accounts import Account
from terrace.stacks.conventions import Convention, find_conventions
from terrace.stacks.discovery import HOME
from terrace.stacks.root_modules import RootModule, find_root_modules
from terrace.words import join_some

UNNAMED = "default"
"""The environment of a repository without names of environments; Terraform's name of the initial workspace."""

_MOST_ENTRIES = 8
"""Maximum number of components that get an entry each instead of a pattern that begins with a `*`."""

_MOST_SHOWN = 3

_DEEPEST_FILES = 2
"""Maximum depth below a root module of variable files for environments."""


@dataclass(frozen=True, slots=True)
class ProposedEnvironment:
    """An environment. `asks`: a deployment needs an approval. `why` is the origin of its name and its position."""

    name: str
    after: str | None
    asks: bool
    protected: bool
    why: str


@dataclass(frozen=True, slots=True)
class ProposedEntry:
    """An entry of `stacks:`. `name` is "" where the stack has the name of its folder."""

    path: str
    environment: str
    name: str = ""
    var_files: tuple[str, ...] = ()
    backend_files: tuple[str, ...] = ()
    workspace: str = ""


@dataclass(frozen=True, slots=True)
class Unplaced:
    """A root module without a proposed stack."""

    path: str
    why: str
    hint: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """Proposed environments and entries for a repository. `stacks` are the resulting keys with their folders."""

    environments: tuple[ProposedEnvironment, ...] = ()
    entries: tuple[ProposedEntry, ...] = ()
    stacks: tuple[tuple[str, str], ...] = ()
    unplaced: tuple[Unplaced, ...] = ()
    conventions: tuple[Convention, ...] = ()
    remarks: tuple[str, ...] = ()
    """Contradictions between names, tags and accounts, one sentence each."""


def propose(tree: Tree, store: FactsStore) -> Proposal:
    """Returns the proposal for a tree; without environments where it has no root modules."""
    return _Proposer(tree, store).proposal()


@dataclass(frozen=True, slots=True)
class _Placed:
    """A root module with its environment: the name, its position in the path, and the text around it there."""

    path: str
    environment: str
    index: int
    before: str = ""
    after: str = ""
    fixed: bool = False
    """True where no part of the path is the name of the environment."""

    @property
    def parts(self) -> tuple[str, ...]:
        return tuple(self.path.split("/"))


@dataclass(frozen=True, slots=True)
class _Group:
    """Root modules that one entry can describe: their paths have the environment at the same position."""

    members: tuple[_Placed, ...]
    long: bool = False

    @property
    def pattern(self) -> tuple[str, ...]:
        """Returns the parts of the path: literal where all members are equal, else with a `*`."""
        first = self.members[0]
        parts = []
        for index, column in enumerate(zip(*(member.parts for member in self.members), strict=True)):
            if len(set(column)) == 1:
                parts.append(column[0])
            else:
                parts.append(f"{first.before}*{first.after}" if index == first.index else "*")
        return tuple(parts)

    def entry(self, *, alone: bool) -> ProposedEntry:
        """Returns the entry. `alone`: no other entry has stacks of these environments."""
        parts, place = self.pattern, self.members[0].index
        stars = [index for index, part in enumerate(parts) if "*" in part]
        capture = {index: f"{{{number}}}" for number, index in enumerate(stars, 1)}
        varying = [capture[index] for index in stars if index != place]
        literal = [part for index, part in enumerate(parts) if index != place and index not in capture]
        name = ""
        if self.long:
            name = "-".join(capture.get(index, part) for index, part in enumerate(parts) if index != place)
        elif varying and (len(varying) > 1 or stars[-1] != len(parts) - 1 or place == len(parts) - 1):
            last = [] if place == len(parts) - 1 or len(parts) - 1 in capture else [parts[-1]]
            name = "-".join([*varying, *last])
        elif not varying and place == len(parts) - 1 and not alone and literal:
            name = literal[-1]
        environment = capture.get(place, self.members[0].environment)
        return ProposedEntry("/".join(parts), environment, name)

    def split(self) -> tuple[_Group, ...]:
        """Returns the group split by the first folder that differs and is not the environment, else by environment."""
        place = self.members[0].index
        for index, part in enumerate(self.pattern):
            if part == "*" and index != place:
                return self._by({member.path: member.parts[index] for member in self.members})
        return self._by({member.path: member.environment for member in self.members})

    def _by(self, keys: Mapping[str, str]) -> tuple[_Group, ...]:
        groups: dict[str, list[_Placed]] = {}
        for member in self.members:
            groups.setdefault(keys[member.path], []).append(member)
        return tuple(replace(self, members=tuple(members)) for members in groups.values())


class _Proposer:
    """Creates the proposal for one tree."""

    def __init__(self, tree: Tree, store: FactsStore) -> None:
        self._tree = tree
        self._store = store
        self._layout = Layout(tree)
        self._roots = find_root_modules(tree, store)
        self._known = {root.path: root for root in self._roots.root_modules}
        self._conventions = find_conventions(tree)
        self._generated = {folder for convention in self._conventions for folder in convention.folders}
        self._children: dict[str, set[str]] = {}
        self._cousins: dict[str, set[str]] = {}
        candidates = [*self._known, *self._roots.uncalled]
        for folder in candidates:
            parts = folder.split("/") if folder else []
            for index, part in enumerate(parts):
                self._children.setdefault("/".join(parts[:index]), set()).add(part)
                if index > 1:
                    self._cousins.setdefault("/".join(parts[: index - 1]), set()).add(part)

    def proposal(self) -> Proposal:
        """Returns the complete proposal."""
        conventional = self._conventional()
        placed, unplaced_roots = self._by_path({folder for folder, _ in conventional})
        by_files: list[ProposedEntry] = []
        unplaced: list[Unplaced] = []
        nameless: list[RootModule] = []
        for root in unplaced_roots:
            own, why = self._by_files(root)
            by_files += own
            unplaced += why
            if not own and not why:
                nameless.append(root)
        where = {place.path: place.environment for place in placed} | dict(conventional)
        assigned, rest = self._by_accounts(nameless, where)
        # The first part of their paths is the same within a group, so that no `*` replaces the environment.
        by_account = [_Placed(path, environment, 0, fixed=True) for path, (environment, _) in assigned.items() if path]
        entries = [*self._entries([*placed, *by_account], conventional), *by_files]
        entries += [ProposedEntry(".", environment) for path, (environment, _) in assigned.items() if not path]
        origins = dict(reversed(list(assigned.values())))
        where |= {path: environment for path, (environment, _) in assigned.items()}
        entries, unwritable = self._validate(entries, conventional)
        unplaced += unwritable
        names = {environment for _, environment in conventional}
        names |= {key.partition("/")[0] for entry in entries for key, _ in self._stacks(entry)}
        if not names and rest:
            names = {UNNAMED}
            entries, unwritable = self._validate([*entries, *_entries_without_name(rest)], conventional)
            where |= {root.path: UNNAMED for root in rest}
            unplaced += unwritable
            names = {UNNAMED} if entries else set()
            rest = []
        environments_of = self._environments_of_accounts(where)
        unplaced += [self._homeless(root, environments_of) for root in rest]
        unplaced += [
            Unplaced(
                root.path,
                "it uses `terraform.workspace`, but no file lists its workspaces, so only `default` is proposed",
                f"add {{path: {root.shown_path}, environment: X, workspace: X}} for each of `terraform workspace list`",
            )
            for root in self._roots.root_modules
            if root.workspace and any(e.path == root.shown_path and not e.workspace for e in entries)
        ]
        unplaced += [
            Unplaced(folder, f"{convention.tool} generates its configuration", convention.hint)
            for convention in self._conventions
            for folder in convention.folders
        ]
        only_conventional = bool(conventional) and not placed and not entries
        environments = self._environments(names, placed, conventional, origins, chained=only_conventional)
        stacks = [(_key(name, folder.rpartition("/")[2]), folder) for folder, name in conventional]
        stacks += [stack for entry in entries for stack in self._stacks(entry)]
        return Proposal(
            environments,
            tuple(entries),
            tuple(sorted(stacks)),
            tuple(sorted(unplaced, key=lambda unplaced: unplaced.path)),
            self._conventions,
            tuple(self._remarks(where)),
        )

    # --- environments by path ------------------------------------------------------------------------------------

    def _conventional(self) -> list[tuple[str, str]]:
        """Returns the folders of the conventional layout, which need no entry, with their environments."""
        entries = []
        for folder in sorted(self._layout.folders):
            parts = folder.split("/")
            if parts[0] == HOME and len(parts) in (2, 3) and all(NAME.fullmatch(part) for part in parts[1:]):
                entries.append((folder, parts[1]))
        return entries

    def _by_path(self, taken: set[str]) -> tuple[list[_Placed], list[RootModule]]:
        """Returns the root modules with an environment in their path, and the others."""
        placed: list[_Placed] = []
        nameless: list[str] = []
        for folder in (*self._known, *self._roots.uncalled):
            if folder in taken or folder in self._generated:
                continue
            place = self._place(folder)
            if place is not None:
                placed.append(place)
            elif folder in self._known:
                nameless.append(folder)
        homes = {("/".join(place.parts[: place.index]), place.before, place.after) for place in placed}
        unplaced = []
        for folder in nameless:
            beside = self._sibling_root(folder, homes)
            if beside is not None:
                placed.append(beside)
            else:
                unplaced.append(self._known[folder])
        if not placed and not unplaced and not taken:
            # No folder configures a backend or a provider, so the folders that no other folder calls are root modules.
            unplaced = [RootModule(folder, ()) for folder in self._roots.uncalled if folder not in self._generated]
        return sorted(placed, key=lambda place: place.path), unplaced

    def _place(self, folder: str) -> _Placed | None:
        parts = folder.split("/") if folder else []
        best: tuple[int, int, _Placed] | None = None
        for index, part in enumerate(parts):
            above = "/".join(parts[:index])
            beside = self._children.get(above, set()) - {part}
            home = index > 0 and parts[index - 1] in HOMES
            named = rank(part) is not None
            others = beside | (self._cousins.get("/".join(parts[: index - 1]), set()) - {part} if index > 1 else set())
            if named and (not is_vague(part) or home or any(rank(other) is not None for other in others)):
                score, place = (2 if is_vague(part) else 3), _Placed(folder, part, index)
            elif not named and split_name(part) is not None:
                common = self._common(part, beside)
                if common is None:
                    continue
                before, after = common
                score, place = 1, _Placed(folder, part[len(before) : len(part) - len(after)], index, before, after)
            else:
                continue
            if NAME.fullmatch(place.environment) and (best is None or (score + home, -index) > best[:2]):
                best = (score + home, -index, place)
        return best[2] if best is not None else None

    def _common(self, part: str, beside: Iterable[str]) -> tuple[str, str] | None:
        """Returns the common text before and after the environment in a longer name and in the names beside it."""
        names = [part, *(other for other in beside if usual_rank(other) is not None)]
        words = {word for name in names if (word := _word(name))}
        if len(names) < 2 or len(words) < 2:
            return None
        befores, afters = set(), set()
        for name in names:
            parts = split_name(name)
            befores.add(parts[0] if parts else "")
            afters.add(parts[2] if parts else "")
        return (befores.pop() if len(befores) == 1 else ""), (afters.pop() if len(afters) == 1 else "")

    def _sibling_root(self, folder: str, homes: set[tuple[str, str, str]]) -> _Placed | None:
        """Returns a root module in a folder beside the folders of environments, where its folder must be one too."""
        parts = folder.split("/")
        for above, before, after in sorted(homes):
            index = len(above.split("/")) if above else 0
            if index >= len(parts) or "/".join(parts[:index]) != above:
                continue
            part = parts[index]
            fits = bool(before) and part.startswith(before) and part.endswith(after)
            is_home = index > 0 and parts[index - 1] in HOMES
            name = part[len(before) : len(part) - len(after)] if fits else part
            if (fits or (is_home and not before and not after)) and NAME.fullmatch(name):
                return _Placed(folder, name, index, before, after)
        return None

    # --- environments by variable files --------------------------------------------------------------------------

    def _by_files(self, root: RootModule) -> tuple[list[ProposedEntry], list[Unplaced]]:
        """Returns the entries for a root module with a variable file for each environment, or why there can be none."""
        variables, settings = self._files_of(root.path)
        names = sorted(variables, key=lambda name: (usual_rank(name) or 0, name))
        if not names:
            return [], []
        if root.cloud:
            return [], []
        needs_address = root.backend is not None and root.backend.type != "local"
        workspaces = root.workspace and not any(settings.values())
        if needs_address and not workspaces and not all(settings.get(name) for name in names):
            several = "variable files for " + ", ".join(names)
            hint = (
                "add an entry for each with its `var_files`, and with its own `backend_files`, `backend_config` or "
                "`workspace`"
            )
            return [], [
                Unplaced(root.path, f"it has {several}, but only one backend block, so they would share a state", hint)
            ]
        name = "" if not root.path else root.path.rpartition("/")[2]
        return [
            ProposedEntry(
                root.path or ".",
                file_name,
                name,
                tuple(sorted(variables[file_name])),
                tuple(sorted(settings.get(file_name, ()))),
                file_name if workspaces else "",
            )
            for file_name in names
        ], []

    def _files_of(self, folder: str) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
        """Returns the variable files and backend files below a root module, by environment."""
        prefix = f"{folder}/" if folder else ""
        variables: dict[str, list[str]] = {}
        settings: dict[str, list[str]] = {}
        for path in self._tree.entries:
            if not path.startswith(prefix) or not path.endswith((".tfvars", ".tfbackend", ".hcl", ".conf")):
                continue
            inner = path[len(prefix) :]
            if inner.count("/") > _DEEPEST_FILES or any(part.startswith(".") for part in inner.split("/")):
                continue
            if parent(path) != folder and parent(path) in self._layout.folders:
                continue
            name = _environment_of_file(inner)
            if name is None:
                continue
            own = parent(path) != folder or not is_automatic_variables(path.rpartition("/")[2])
            if path.endswith(".tfbackend") or "backend" in inner.lower():
                settings.setdefault(name, []).append(path)
            elif path.endswith(".tfvars") and own:
                variables.setdefault(name, []).append(path)
        return variables, settings

    # --- environments by accounts and tags -----------------------------------------------------------------------

    def _by_accounts(
        self, roots: list[RootModule], where: Mapping[str, str]
    ) -> tuple[dict[str, tuple[str, str]], list[RootModule]]:
        """Returns the environments of root modules whose paths name none, each with the reason, and the other modules.

        `where` are the environments of the root modules with a name.
        """
        environments = self._environments_of_accounts(where)
        usual = {usual_rank(name): name for name in sorted(set(where.values()), reverse=True)}
        by_path: dict[str, tuple[str, str]] = {}
        unassigned = []
        for root in roots:
            tag, shared = root.used.named, self._environments_sharing(root, environments)
            if tag is not None and rank(tag.name) is not None and NAME.fullmatch(tag.name):
                # The same environment can have another spelling elsewhere.
                name = usual.get(rank(tag.name), tag.name)
                by_path[root.path] = (name, f"the tags of a provider ({tag.place})")
            elif len(shared) == 1 and not root.cloud:
                by_path[root.path] = (shared[0], f"{root.used.accounts[0]}, the account of {shared[0]}")
            else:
                unassigned.append(root)
        return by_path, unassigned

    def _environments_of_accounts(self, where: Mapping[str, str]) -> dict[Account, set[str]]:
        environments: dict[Account, set[str]] = {}
        for path, environment in where.items():
            for account in self._known[path].used.accounts if path in self._known else ():
                environments.setdefault(account, set()).add(environment)
        return environments

    def _environments_sharing(self, root: RootModule, environments: Mapping[Account, set[str]]) -> list[str]:
        """Returns the environments that use an account of a root module."""
        return sorted(set().union(*(environments.get(account, set()) for account in root.used.accounts)))

    def _remarks(self, where: Mapping[str, str]) -> Iterator[str]:
        """Yields the contradictions between names, tags and accounts of root modules."""
        for path, environment in sorted(where.items()):
            tag = self._known[path].used.named if path in self._known else None
            step = rank(tag.name) if tag is not None else None
            if tag is not None and step is not None and usual_rank(environment) not in (None, step):
                yield f"{path or '.'} is proposed for {environment}, but its tags name {tag.name} ({tag.place})"
        used: dict[tuple[str, str], dict[str, list[str]]] = {}
        for path, environment in sorted(where.items()):
            accounts = self._known[path].used.accounts if path in self._known else ()
            for account in accounts:
                # A root module with several allowed accounts uses them on purpose.
                if sum(other.kind == account.kind for other in accounts) == 1:
                    used.setdefault((environment, account.kind), {}).setdefault(account.id, []).append(path or ".")
        for (environment, kind), folders in sorted(used.items()):
            if len(folders) > 1:
                shown = ", ".join(f"{account} ({_shorten(paths)})" for account, paths in sorted(folders.items()))
                yield f"{environment} uses {len(folders)} {kind}s: {shown}"

    # --- entries ---------------------------------------------------------------------------------------------------

    def _entries(self, placed: list[_Placed], conventional: list[tuple[str, str]]) -> Iterator[ProposedEntry]:
        groups: dict[tuple[object, ...], list[_Placed]] = {}
        odd = [place for place in placed if not all(NAME.fullmatch(part) for part in place.parts)]
        for place in odd:
            rest = "-".join(part for index, part in enumerate(place.parts) if index != place.index)
            yield ProposedEntry(place.path, place.environment, _as_stack_name(rest) or place.environment)
        for place in placed:
            if place in odd:
                continue
            fixed = (place.environment, place.parts[0]) if place.fixed else ()
            groups.setdefault((len(place.parts), place.index, place.before, place.after, fixed), []).append(place)
        parts = [part for members in groups.values() for part in self._fit(_Group(tuple(members)))]
        alone = len(parts) == 1 and not conventional
        entries = [(group, group.entry(alone=alone)) for group in parts]
        keys: dict[str, int] = {_key(name, folder.rpartition("/")[2]): 1 for folder, name in conventional}
        for _, entry in entries:
            for key, _ in self._stacks(entry):
                keys[key] = keys.get(key, 0) + 1
        for group, entry in entries:
            clash = any(keys[key] > 1 for key, _ in self._stacks(entry))
            yield replace(group, long=True).entry(alone=False) if clash else entry

    def _fit(self, group: _Group) -> Iterator[_Group]:
        """Yields the group in the fewest parts whose patterns match exactly their members."""
        path = "/".join(group.pattern)
        member_paths = {member.path for member in group.members}
        parts = group.split()
        vague = path.startswith("*") and group.members[0].index != 0 and len(parts) <= _MOST_ENTRIES
        if len(group.members) == 1 or ("*" in path and not vague and self._match(path) == member_paths):
            yield group
        elif len(parts) > 1:
            for part in parts:
                yield from self._fit(part)
        else:
            for member in group.members:
                yield replace(group, members=(member,))

    def _match(self, path: str) -> set[str]:
        return {folder for folder, _ in find_matching(path, self._layout.folders)}

    def _stacks(self, entry: ProposedEntry) -> Iterator[tuple[str, str]]:
        """Yields the keys of the stacks of an entry, with their folders."""
        if "*" not in entry.path:
            folder = "" if entry.path == "." else entry.path
            yield _key(entry.environment, entry.name or folder.rpartition("/")[2] or entry.environment), folder
            return
        for folder, values in find_matching(entry.path, self._layout.folders):
            name = fill_captures(entry.name, values) or folder.rpartition("/")[2]
            yield _key(fill_captures(entry.environment, values), name), folder

    def _validate(
        self, entries: Iterable[ProposedEntry], conventional: list[tuple[str, str]]
    ) -> tuple[list[ProposedEntry], list[Unplaced]]:
        """Returns the entries that are valid and have unique stacks, and the root modules of the others."""
        keys = {_key(name, folder.rpartition("/")[2]) for folder, name in conventional}
        accepted, unplaced = [], []
        for entry in entries:
            stacks = dict(self._stacks(entry))
            hint = "rename the folder, or add an entry for it with its own `name`"
            if not _is_path(entry.path) or ("*" in entry.path and find_fault(entry.path)):
                unplaced += [
                    Unplaced(path, "its path is not allowed in terrace.yaml", hint) for path in stacks.values()
                ]
            elif len(stacks) < len(list(self._stacks(entry))) or not keys.isdisjoint(stacks):
                why = "another stack of its environment would have the same name"
                unplaced += [Unplaced(path, why, hint) for _, path in self._stacks(entry)]
            else:
                keys |= stacks.keys()
                accepted.append(entry)
        return accepted, unplaced

    # --- the order, and the rest -----------------------------------------------------------------------------------

    def _environments(
        self,
        names: set[str],
        placed: list[_Placed],
        conventional: list[tuple[str, str]],
        origins: Mapping[str, str],
        *,
        chained: bool,
    ) -> tuple[ProposedEnvironment, ...]:
        """Returns the environments in their common order; without a common name only in an order if `chained`."""
        if chained:
            ordered = list(order_names(names))
            before = dict(pairwise(reversed(ordered)))
        else:
            usual_names = sorted((n for n in names if usual_rank(n) is not None), key=lambda n: (usual_rank(n) or 0, n))
            ordered = [*usual_names, *sorted(names - set(usual_names))]
            before = _previous_environments(usual_names)
        usual = order_names(names)
        chain = tuple(name for name in usual if usual_rank(name) is not None)
        sources: dict[str, set[str]] = {}
        for place in placed:
            sources.setdefault(place.environment, set()).add("/".join(place.parts[: place.index + 1]))
        for folder, name in conventional:
            sources.setdefault(name, set()).add("/".join(folder.split("/")[:2]))
        return tuple(
            ProposedEnvironment(
                name,
                before.get(name),
                needs_approval(usual, name)
                or (not chained and (usual_rank(name) is None or (bool(chain) and needs_approval(chain, name)))),
                not is_production(name) and not chained and usual_rank(name) is None,
                _describe_origin(
                    name, before.get(name), sources.get(name, set()), origins.get(name, ""), chained=chained
                ),
            )
            for name in ordered
        )

    def _homeless(self, root: RootModule, environments: Mapping[Account, set[str]]) -> Unplaced:
        if root.cloud:
            hint = "HCP Terraform keeps running it; an entry in `stacks:` gives it an environment for static checks"
            return Unplaced(
                root.path, "HCP Terraform runs it (its `cloud` block), and its path has no name of an environment", hint
            )
        shown = root.shown_path
        several = self._environments_sharing(root, environments)
        accounts = f", and {' and '.join(several)} use its {root.used.accounts[0]}" if len(several) > 1 else ""
        if root.used.named is not None:
            accounts += f", and its tags name {root.used.named.name!r}, an uncommon name ({root.used.named.place})"
        return Unplaced(
            root.path,
            f"its path has no name of an environment{accounts}",
            f"add an entry: {{path: {shown}, environment: NAME}}; or list it in `not_stacks`"
            if not root.workspace
            else f"add an entry for each workspace in `terraform workspace list`: {{path: {shown}, environment: NAME, "
            "workspace: NAME}; or list it in `not_stacks`",
        )


def _shorten(paths: list[str]) -> str:
    return join_some(paths, _MOST_SHOWN)


def _entries_without_name(roots: list[RootModule]) -> Iterator[ProposedEntry]:
    names: dict[str, int] = {}
    for root in roots:
        name = root.path.rpartition("/")[2]
        names[name] = names.get(name, 0) + 1
    for root in roots:
        short = root.path.rpartition("/")[2]
        usable = names[short] == 1 and (not root.path or NAME.fullmatch(short))
        yield ProposedEntry(root.path or ".", UNNAMED, "" if usable else _as_stack_name(root.path) or UNNAMED)


def _is_path(path: str) -> bool:
    return PATH.pattern is not None and PATH.pattern.fullmatch(path) is not None


def _as_stack_name(text: str) -> str:
    """Returns a text as the name of a stack, with `-` for characters that names cannot have."""
    return re.sub(r"[^A-Za-z0-9._]+", "-", text).strip("._-")[:63]


def _key(environment: str, name: str) -> str:
    return environment if name == environment else f"{environment}/{name}"


def _word(name: str) -> str:
    parts = split_name(name)
    return name if rank(name) is not None else parts[1] if parts is not None else ""


def _previous_environments(ordered: list[str]) -> dict[str, str]:
    """Returns the previous environment of each: the one of the previous step with the same rest of its name, else the
    only one of that step.

    If the previous step has several environments and none has the same rest, there is no previous environment.
    """
    steps: dict[int, list[str]] = {}
    for name in ordered:
        steps.setdefault(usual_rank(name) or 0, []).append(name)
    previous = {}
    for earlier, later in pairwise([steps[step] for step in sorted(steps)]):
        for name in later:
            same = [candidate for candidate in earlier if _rest(candidate) == _rest(name)] or earlier
            if _rest(same[0]) == _rest(name) or len(same) == 1:
                previous[name] = same[0]
    return previous


def _rest(name: str) -> tuple[str, str]:
    parts = split_name(name)
    return (parts[0], parts[2]) if parts is not None else ("", "")


def _environment_of_file(path: str) -> str | None:
    """Returns the environment in the name of a file, or else in a folder of its path."""
    name = path.rpartition("/")[2]
    words = [word for word in name.split(".")[:-1] if rank(word) is not None]
    parts = split_name(name.partition(".")[0])
    if len(words) == 1:
        return words[0]
    if parts is not None:
        return parts[1]
    folders = [part for part in path.split("/")[:-1] if rank(part) is not None]
    return folders[-1] if folders else None


def _describe_origin(name: str, before: str | None, sources: set[str], reason: str, *, chained: bool) -> str:
    if name == UNNAMED:
        return "the repository has no names of environments, and this one can be production"
    shown = sorted(sources)
    where = f"the folder {shown[0]}" if len(shown) == 1 else f"{len(shown)} folders such as {shown[0]}" if shown else ""
    origin = where or reason or "variable files"
    if before is not None:
        return f"{origin}; after {before} by {'their order' if chained else 'their common names'}"
    if usual_rank(name) is None and not chained:
        return f"{origin}; its name is not a common one, so it has no order and requires an approval"
    return origin
