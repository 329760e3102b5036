"""Determines which stacks read outputs of other stacks, and the order in which stacks are deployed.

A stack reads another stack where a `terraform_remote_state` has the backend location of that stack's state. Locations
are compared after resolving `backend_config`, locals, defaults, variable files and arguments of module calls. If the
comparison has no certain result, the edge is uncertain: it orders the two stacks unless that creates a cycle, and it is
reported.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product

from terrace.config.model import DEFAULT_WORKSPACE
from terrace.errors import BadInput, Place
from terrace.hcl.facts import Settings
from terrace.stacks.backends import BackendLocation, Match, backend_locations, matches, read_location
from terrace.stacks.graph import Graph, local_state_path
from terrace.stacks.model import Notice, Stack
from terrace.stacks.values import MOST_VALUES, UNKNOWN, Values, from_root
from terrace.words import join_some

_MOST_SHOWN = 3


@dataclass(frozen=True, slots=True, order=True)
class Edge:
    """The stack `reader` reads outputs of the stack `owner`, by the data source `state` at `path`:`line`. `certain` is
    False where the data source possibly reads another state."""

    reader: str
    owner: str
    certain: bool
    path: str
    line: int
    state: str

    @property
    def place(self) -> Place:
        """Returns the place of the data source."""
        return Place(self.path, self.line or 1)


@dataclass(frozen=True, slots=True)
class Order:
    """The stacks in waves; the stacks of a wave do not depend on each other. `uncertain` are uncertain edges that are
    part of the order, `open` those that are not, because they would create a cycle."""

    waves: tuple[tuple[Stack, ...], ...]
    uncertain: tuple[Edge, ...] = ()
    open: tuple[Edge, ...] = ()


def find_edges(stacks: tuple[Stack, ...], graph: Graph) -> tuple[Edge, ...]:
    """Returns every edge between these stacks, certain ones first."""
    if not any(facts.states for folder in graph.folders.values() for facts in folder.facts):
        return ()
    owners = _Owners(stacks, graph)
    edges: dict[tuple[str, str, str, int], Edge] = {}
    for stack in stacks:
        for edge in _read_by(stack, graph, owners):
            key = (edge.reader, edge.owner, edge.path, edge.line)
            if key not in edges or edge.certain:
                edges[key] = edge
    return tuple(sorted(edges.values(), key=lambda edge: (not edge.certain, edge)))


def find_needs(stacks: tuple[Stack, ...], graph: Graph) -> dict[str, set[str]]:
    """Returns the keys of the stacks that each of these stacks certainly depends on, by its key."""
    return _needs(stacks, find_edges(stacks, graph))


def order_stacks(stacks: tuple[Stack, ...], graph: Graph) -> Order:
    """Returns the order of the stacks of one environment, by `after` and by the outputs that they read.

    Raises BadInput where stacks certainly depend on each other in a cycle.
    """
    edges = find_edges(stacks, graph)
    needed = _needs(stacks, edges)
    uncertain = tuple(edge for edge in edges if not edge.certain and edge.owner not in needed[edge.reader])
    combined = {key: needed[key] | {edge.owner for edge in uncertain if edge.reader == key} for key in needed}
    together = _find_cycles(combined) if uncertain else {}
    ordering = tuple(edge for edge in uncertain if together[edge.reader] != together[edge.owner])
    for edge in ordering:
        needed[edge.reader].add(edge.owner)
    remaining = {stack.key: stack for stack in stacks}
    waves = []
    while remaining:
        ready = sorted(key for key in remaining if not needed[key] & remaining.keys())
        if not ready:
            names = ", ".join(sorted(remaining))
            raise BadInput(f"the stacks {names} depend on each other in a cycle", hint="remove one `after`")
        waves.append(tuple(remaining.pop(key) for key in ready))
    rest = tuple(edge for edge in uncertain if edge not in set(ordering))
    return Order(tuple(waves), ordering, rest)


def stack_waves(stacks: tuple[Stack, ...], graph: Graph) -> tuple[tuple[Stack, ...], ...]:
    """Returns the stacks of one environment in waves. Raises BadInput where they depend on each other in a cycle."""
    return order_stacks(stacks, graph).waves


def readers_of(stack: Stack, stacks: tuple[Stack, ...], graph: Graph) -> tuple[str, ...]:
    """Returns the keys of the stacks that certainly read outputs of a stack."""
    readers = (edge.reader for edge in find_edges(stacks, graph) if edge.owner == stack.key and edge.certain)
    return tuple(dict.fromkeys(readers))


def uncertain_edges(stacks: tuple[Stack, ...], graph: Graph) -> Iterator[Notice]:
    """Yields a notice for each data source that reads the state of an uncertain stack."""
    for environment in sorted({stack.environment for stack in stacks}):
        members = tuple(stack for stack in stacks if stack.environment == environment)
        try:
            order = order_stacks(members, graph)
        except BadInput:
            continue
        uncertain: dict[tuple[str, int, str, bool], list[str]] = {}
        for edge in (*order.uncertain, *order.open):
            uncertain.setdefault((edge.path, edge.line, edge.reader, edge in order.uncertain), []).append(edge.owner)
        for (path, line, reader, ordered), owners in sorted(uncertain.items()):
            shown = join_some(sorted(owners), _MOST_SHOWN)
            verb = "is" if len(owners) == 1 else "are"
            end = (
                f"which {verb} deployed first" if ordered else "which possibly reads outputs of it too: no order is set"
            )
            message = (
                f"{reader} possibly reads outputs of {shown}, {end}. Parts of the backend location are unknown here"
            )
            yield Notice(message, path, line, "use literal values for the location, or list the stack in `after`")


class _Owners:
    """The stacks by the backend locations of their states."""

    def __init__(self, stacks: tuple[Stack, ...], graph: Graph) -> None:
        self._all: dict[str, list[tuple[Stack, BackendLocation]]] = {}
        self._by_parts: dict[tuple[str, frozenset[tuple[str, str]]], list[tuple[Stack, BackendLocation]]] = {}
        self.local: dict[str, list[Stack]] = {}
        for stack in stacks:
            for address in backend_locations(stack, graph):
                if address.type == "local":
                    continue
                self._all.setdefault(address.type, []).append((stack, address))
                parts = frozenset() if address.unknown else frozenset(address.parts)
                self._by_parts.setdefault((address.type, parts), []).append((stack, address))
            path = local_state_path(stack, graph)
            if path:
                self.local.setdefault(path, []).append(stack)

    def of(self, kind: str, values: Mapping[str, str], *, partial: bool) -> Iterator[tuple[Stack, Match]]:
        """Yields the stacks whose state certainly or possibly is at this location."""
        for type_of in [kind] if kind else sorted(self._all):
            read = read_location(type_of, values, partial=partial or not kind)
            candidates = self._all.get(type_of, [])
            if not read.unknown and not any(UNKNOWN in value for _, value in read.parts):
                # Only stacks at that location qualify, and stacks whose location is partly unknown.
                declared = self._by_parts.get((type_of, frozenset(read.parts)), [])
                candidates = [*declared, *self._by_parts.get((type_of, frozenset()), [])]
            for stack, address in candidates:
                match = matches(read, address)
                if match is not Match.NO:
                    yield stack, match if kind else Match.MAYBE


def _read_by(stack: Stack, graph: Graph, owners: _Owners) -> Iterator[Edge]:
    reached = graph.find_reached(stack)
    values: Values | None = None
    for path in reached:
        folder = graph.folders.get(path)
        for file, facts in zip(folder.files, folder.facts, strict=True) if folder else ():
            for read in facts.states:
                values = values or Values(graph, stack, reached)
                for resolved in _possible_settings(read, values, path):
                    for owner, certain in _owners_of(stack, read, resolved, owners):
                        yield Edge(stack.key, owner.key, certain, file, read.line, read.name)


def _owners_of(
    stack: Stack, read: Settings, values: Mapping[str, str], owners: _Owners
) -> Iterator[tuple[Stack, bool]]:
    if read.type in ("local", ""):
        yield from _local(stack, values, owners, partial=read.partial or not read.type)
    if read.type != "local":
        for owner, match in owners.of(read.type, values, partial=read.partial):
            if owner.key != stack.key:
                yield owner, match is Match.SAME


def _local(stack: Stack, values: Mapping[str, str], owners: _Owners, *, partial: bool) -> Iterator[tuple[Stack, bool]]:
    """Yields the stacks whose local state is at the path that is read, which is relative to the folder of the stack."""
    path = values.get("path", "" if not partial else UNKNOWN)
    workspace = values.get("workspace", DEFAULT_WORKSPACE)
    if workspace != DEFAULT_WORKSPACE:
        path = posixpath.join(values.get("workspace_dir", "terraform.tfstate.d"), workspace, "terraform.tfstate")
    if not path:
        return
    state_path = from_root(path, stack.path)
    state_path = state_path if state_path.startswith((UNKNOWN, "/")) else posixpath.normpath(state_path)
    like = re.compile(".*".join(map(re.escape, state_path.split(UNKNOWN))))
    for at, stacks in owners.local.items():
        if at == state_path or (UNKNOWN in state_path and like.fullmatch(at)):
            others = [owner for owner in stacks if owner.path != stack.path]
            # If stacks of several environments share a folder, the one of the same environment is read.
            in_environment = [owner for owner in others if owner.environment == stack.environment]
            yield from ((owner, at == state_path) for owner in in_environment or others)


def _possible_settings(read: Settings, values: Values, folder: str) -> Iterator[Mapping[str, str]]:
    """Yields the possible settings of a data source; several where its module is called with different arguments."""
    choices: dict[str, tuple[str, ...]] = {name: (value,) for name, value in read.known.items()}
    for name in read.unknown:
        template = read.templates.get(name, ())
        choices[name] = values.of(template, folder) if template else (UNKNOWN,)
    number = 1
    for texts in choices.values():
        number *= len(texts)
    if number > MOST_VALUES:
        choices = {name: texts if len(texts) == 1 else (UNKNOWN,) for name, texts in choices.items()}
    names = tuple(choices)
    for chosen in product(*choices.values()):
        yield dict(zip(names, chosen, strict=True))


def _needs(stacks: Iterable[Stack], edges: Iterable[Edge]) -> dict[str, set[str]]:
    needed = {stack.key: set(stack.after) for stack in stacks}
    for edge in edges:
        if edge.certain:
            needed[edge.reader].add(edge.owner)
    return {key: these & needed.keys() for key, these in needed.items()}


def _find_cycles(needed: Mapping[str, set[str]]) -> dict[str, str]:
    """Returns for each stack the first key of its cycle; its own key where it is in no cycle (Tarjan's algorithm)."""
    numbers: dict[str, int] = {}
    lowest: dict[str, int] = {}
    cycle_of: dict[str, str] = {}
    stack: list[str] = []
    for start in sorted(needed):
        work = [(start, iter(sorted(needed[start])))] if start not in numbers else []
        while work:
            key, rest = work[-1]
            if key not in numbers:
                numbers[key] = lowest[key] = len(numbers)
                stack.append(key)
            following = next((key for key in rest if key not in cycle_of), None)
            if following is not None:
                if following in numbers:
                    lowest[key] = min(lowest[key], numbers[following])
                else:
                    work.append((following, iter(sorted(needed[following]))))
                continue
            work.pop()
            if work:
                lowest[work[-1][0]] = min(lowest[work[-1][0]], lowest[key])
            if lowest[key] == numbers[key]:
                circle = stack[stack.index(key) :]
                del stack[stack.index(key) :]
                cycle_of.update(dict.fromkeys(circle, min(circle)))
    return cycle_of
