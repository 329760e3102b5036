"""Refused stacks, which Terrace neither plans nor changes. A refused stack blocks only the stacks that depend on it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from terrace.config.model import DEFAULT_WORKSPACE, Config
from terrace.errors import BadInput, Place
from terrace.hcl.tree import SUBMODULE_HINT, AbsentSubmodule, Tree, absent_submodules, submodule_of, submodules
from terrace.stacks.before_plan import commands_of
from terrace.stacks.graph import Folder, Graph
from terrace.stacks.model import Stack
from terrace.stacks.order import find_edges, find_needs
from terrace.stacks.watches import Changed, find_watches

SINGLE_STATE_BACKENDS = frozenset({"http", "artifactory", "etcd", "swift"})
"""Terraform backends without workspaces."""

_NAME_IT = "have submodules checked out with `submodules: true` in terrace.yaml on the protected branch"

STORE_HINT = (
    'use a backend that only stores the state, such as `backend "s3"`; until then Terrace checks the configuration of '
    "this stack, and HCP Terraform or Terraform Enterprise plans and applies it"
)


@dataclass(frozen=True, slots=True)
class Refusal:
    """The reason why a stack is refused, with a hint and the place of the cause."""

    message: str
    hint: str
    place: Place | None = None

    def error(self, key: str) -> BadInput:
        """Returns the error for a command that needs the stack."""
        return BadInput(f"{key} is refused: {self.message}", hint=self.hint, place=self.place)


def refused_stacks(stacks: tuple[Stack, ...], graph: Graph, tree: Tree, config: Config) -> Mapping[str, Refusal]:
    """Returns the refused stacks of a commit by their keys, each with the first reason."""
    refusals: dict[str, Refusal] = {}
    for stack in stacks:
        refusal = next(_own_refusals(stack, graph, tree, config), None)
        if refusal is not None:
            refusals[stack.key] = refusal
    return _in_cycles(stacks, graph, config) | _readers_of_local_workspaces(stacks, graph) | refusals


def with_dependents(
    environment: str, stacks: tuple[Stack, ...], graph: Graph, config: Config, refused: Mapping[str, Refusal]
) -> Mapping[str, Refusal]:
    """Returns the stacks of an environment that are not deployed: the refused ones, and those that wait for one.

    A stack waits for the stacks that it depends on, and for the stack of the same name in the previous environment.
    """
    members = tuple(stack for stack in stacks if stack.environment == environment)
    refusals = {stack.key: refused[stack.key] for stack in members if stack.key in refused}
    previous = next((e.after for e in config.environments if e.name == environment), None)
    if previous is not None:
        earlier = with_dependents(previous, stacks, graph, _without(config, environment), refused)
        names = {_name(stack): stack.key for stack in stacks if stack.environment == previous}
        for stack in members:
            before = names.get(_name(stack), "")
            if before in earlier:
                refusals.setdefault(stack.key, _waits(before, earlier[before], "is deployed before it"))
    needed = find_needs(members, graph)
    has_changed = True
    while has_changed:
        has_changed = False
        for stack in members:
            waits = sorted(needed[stack.key] & refusals.keys()) if stack.key not in refusals else []
            if waits:
                refusals[stack.key] = _waits(waits[0], refusals[waits[0]], "it depends on")
                has_changed = True
    return refusals


def _own_refusals(stack: Stack, graph: Graph, tree: Tree, config: Config) -> Iterator[Refusal]:
    yield from _in_submodules(stack, graph, tree, config)
    folder = graph.folders.get(stack.path)
    if folder is None or not folder.files:
        yield Refusal(
            f"the folder {stack.shown_path} has no configuration",
            "a stack is a folder with *.tf, *.tofu or *.tf.json files: correct its path under `stacks:`, or remove it",
            _entry(stack, config),
        )
        return
    terragrunt = stack.file("terragrunt.hcl")
    if terragrunt in tree.entries:
        yield Refusal(
            "Terragrunt generates the configuration of this stack, so the files in Git are not what is deployed",
            "generate plain Terraform and commit it, or leave this stack out",
            Place(terragrunt, 1),
        )
    for file in graph.backend_files.get(stack.key, ()):
        if not file.blob:
            yield Refusal(
                f"the repository has no file {file.path}, which is listed in `backend_files`",
                "correct the path, which is relative to the root of the repository, or commit the file",
                _entry(stack, config),
            )
    yield from _runs_elsewhere(folder)
    yield from _without_workspaces(stack, folder)


def _in_submodules(stack: Stack, graph: Graph, tree: Tree, config: Config) -> Iterator[Refusal]:
    """Yields refusals of a stack that is in an absent Git submodule, or that calls a module or uses a file in one."""
    within = submodules(tree)
    if not within:
        return
    why = absent_submodules(tree)
    home = submodule_of(stack.path, within)
    if home is not None and home in why:
        yield _absent(f"its folder {stack.shown_path}", home, why[home])
    elif home is not None:
        yield Refusal(
            f"its folder {stack.shown_path} is in the Git submodule {home}, whose files this repository does not have",
            f"have it checked out with `submodules: [{home}]` in terrace.yaml on the protected branch",
            _entry(stack, config),
        )
    for path in graph.find_reached(stack):
        folder = graph.folders.get(path)
        for call in folder.calls if folder is not None else ():
            target = submodule_of(call.target, within)
            place = Place(call.path, call.call.line)
            if target is not None and target in why:
                yield _absent(f"module {call.call.name!r} at {place}", target, why[target])
            elif target is not None:
                yield Refusal(
                    f"module {call.call.name!r} is in the Git submodule {target}, "
                    "whose files Terrace does not check out",
                    SUBMODULE_HINT,
                    place,
                )
    yield from _reads_of_submodules(stack, graph, within, why, config)


def _reads_of_submodules(
    stack: Stack, graph: Graph, within: Mapping[str, str], why: Mapping[str, AbsentSubmodule], config: Config
) -> Iterator[Refusal]:
    """Yields refusals of a stack that uses files of an absent submodule, or has an expression that reads them.

    A function that lists files would find none, and the plan would remove the resources that are made from them.
    """
    named = [(path, "the file") for path in (*stack.var_files, *stack.backend_files)]
    named += [(glob, "the input") for command in commands_of(config, stack) for glob in command.inputs]
    for path, kind in named:
        target = submodule_of(path, within)
        if target is not None:
            yield _unread_refusal(f"{kind} {path}", target, why, _entry(stack, config))
    reached = set(graph.find_reached(stack))
    changed = Changed(within, within)
    for watch in find_watches(graph, (stack,), changed):
        if watch.unsure or watch.folder not in reached or watch.stack not in (None, stack.key):
            continue
        target = next((submodule for submodule in within if watch.sees(submodule, opaque=True)), None)
        if target is not None:
            file, _, line = watch.place.rpartition(":")
            place = Place(file, int(line)) if file and line.isdigit() else None
            yield _unread_refusal(f"a path that {watch.text or 'an expression'} reads", target, why, place)


def _unread_refusal(subject: str, path: str, why: Mapping[str, AbsentSubmodule], place: Place | None) -> Refusal:
    if path in why:
        return _absent(f"{subject}{f' at {place}' if place else ''}", path, why[path])
    return Refusal(f"{subject} is in the Git submodule {path}, whose files Terrace does not check out", _NAME_IT, place)


def _absent(subject: str, path: str, why: AbsentSubmodule) -> Refusal:
    return Refusal(
        f"{subject} is in the Git submodule {path}, which is not checked out: {why.message}", why.hint, why.place
    )


def _runs_elsewhere(folder: Folder) -> Iterator[Refusal]:
    """Yields refusals of a stack with a `cloud` block or the backend `remote`, which do the same."""
    for path, facts in zip(folder.files, folder.facts, strict=True):
        if facts.cloud_line:
            yield Refusal(
                "its `cloud` block lets HCP Terraform keep the state and run Terraform outside Terrace's control",
                STORE_HINT,
                Place(path, facts.cloud_line),
            )
    for path, facts in zip(folder.files, folder.facts, strict=True):
        if facts.backend is not None and facts.backend.type == "remote":
            yield Refusal(
                'its `backend "remote"` stores the state and can run Terraform outside Terrace\'s control',
                STORE_HINT,
                Place(path, facts.backend.line or 1),
            )


def _without_workspaces(stack: Stack, folder: Folder) -> Iterator[Refusal]:
    """Yields refusals of a stack with a workspace in a backend that has only one state."""
    if stack.workspace == DEFAULT_WORKSPACE:
        return
    for path, facts in zip(folder.files, folder.facts, strict=True):
        if facts.backend is not None and facts.backend.type in SINGLE_STATE_BACKENDS:
            yield Refusal(
                f"it uses the workspace {stack.workspace}, but the {facts.backend.type} backend has no workspaces",
                "give the stack its own backend location with `backend_config` under `stacks:`, or use another backend",
                Place(path, facts.backend.line or 1),
            )


def _readers_of_local_workspaces(stacks: tuple[Stack, ...], graph: Graph) -> dict[str, Refusal]:
    """Returns the stacks that read a local state in a folder with workspaces, where Terraform would find no state.

    Terrace keeps local states in another place, and links to them from the places where readers expect them. With links
    to the states of workspaces in a folder, `terraform init` there would ask whether to migrate those states.
    """
    local = [stack for stack in stacks if graph.backend(stack) in ("", "local")]
    folders = {stack.path for stack in local if stack.workspace != DEFAULT_WORKSPACE}
    owners = {stack.key: stack for stack in local if stack.path in folders}
    refusals: dict[str, Refusal] = {}
    for edge in find_edges(stacks, graph) if owners else ():
        owner = owners.get(edge.owner)
        if owner is not None and edge.certain:
            refusals[edge.reader] = Refusal(
                f"it reads the local state of {owner.key}, whose folder has workspaces",
                f"give {owner.shown_path} a remote backend, or {owner.key} its own folder without a workspace",
                edge.place,
            )
    return refusals


def _in_cycles(stacks: tuple[Stack, ...], graph: Graph, config: Config) -> dict[str, Refusal]:
    """Returns the stacks that depend on themselves, directly or through other stacks."""
    refusals: dict[str, Refusal] = {}
    for environment in sorted({stack.environment for stack in stacks}):
        members = tuple(stack for stack in stacks if stack.environment == environment)
        needed = _without_order(find_needs(members, graph))
        for key in sorted(needed):
            circle = _find_cycle(key, needed)
            if circle:
                refusals[key] = Refusal(
                    f"it depends on itself in a cycle: {' → '.join(circle)}",
                    "remove one `after` of these stacks, or one `terraform_remote_state` that reads another of them",
                    _place_of_cycle(members, key, config),
                )
    return refusals


def _place_of_cycle(stacks: tuple[Stack, ...], key: str, config: Config) -> Place | None:
    stack = next(stack for stack in stacks if stack.key == key)
    return _entry(stack, config) if stack.after else None


def _without_order(needed: Mapping[str, set[str]]) -> dict[str, set[str]]:
    """Returns the stacks that no order can have, each with those that it depends on: cycles, and what follows them."""
    waits = {key: len(ups) for key, ups in needed.items()}
    after: dict[str, list[str]] = {}
    for key, ups in needed.items():
        for up in ups:
            after.setdefault(up, []).append(key)
    ready = [key for key, number in waits.items() if not number]
    while ready:
        done = ready.pop()
        del waits[done]
        for key in after.get(done, ()):
            waits[key] -= 1
            if not waits[key]:
                ready.append(key)
    return {key: needed[key] & waits.keys() for key in waits}


def _find_cycle(key: str, needed: Mapping[str, set[str]]) -> tuple[str, ...]:
    """Returns the shortest cycle through a stack; empty where there is none."""
    ways: list[tuple[str, ...]] = [(key,)]
    seen: set[str] = set()
    while ways:
        further = []
        for way in ways:
            for up in sorted(needed.get(way[-1], ())):
                if up == key:
                    return (*way, key)
                if up not in seen:
                    seen.add(up)
                    further.append((*way, up))
        ways = further
    return ()


def _waits(key: str, why: Refusal, how: str) -> Refusal:
    cause = f"{key}, which {how}, is refused" if how.endswith("it") else f"{how} {key}, which is refused"
    return Refusal(f"{cause}: {why.message}", why.hint, why.place)


def _entry(stack: Stack, config: Config) -> Place | None:
    """Returns the place of the entry of a stack in terrace.yaml; only the file where the stack comes from a pattern."""
    if not config.source:
        return None
    identity = (stack.environment, stack.path, stack.name)
    line = next((stack.line for stack in config.stacks if (stack.environment, stack.path, stack.name) == identity), 0)
    return Place(config.source, line)


def _name(stack: Stack) -> str:
    """Returns the name that a stack has in every environment; "" for the only stack of an environment."""
    return "" if stack.name == stack.environment else stack.name


def _without(config: Config, environment: str) -> Config:
    """Returns the configuration without an environment, so that recursion over a cycle of environments ends."""
    return replace(config, environments=tuple(e for e in config.environments if e.name != environment))
