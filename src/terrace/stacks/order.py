"""Which stacks read the outputs of which others, and the order in which they go.

A stack reads another one where a `terraform_remote_state` has the address of the other one's state. Addresses are
compared as they are used: with `backend_config`, locals, defaults, files of variables and the arguments of callers.
Where the comparison stays open, the edge is uncertain: it orders the two as long as that makes no circle, and is told.
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
from terrace.stacks.backends import Address, Match, addresses, matches, read_address
from terrace.stacks.graph import Graph, local_state_path
from terrace.stacks.model import Notice, Stack
from terrace.stacks.values import MOST_VALUES, UNKNOWN, Values, from_root
from terrace.words import listed

_MOST_SHOWN = 3


@dataclass(frozen=True, slots=True, order=True)
class Edge:
    """The stack `reader` reads outputs of the stack `owner`, by the data source `state` at `path`:`line`. `certain` is
    False where it may be that it reads the state of another one."""

    reader: str
    owner: str
    certain: bool
    path: str
    line: int
    state: str

    @property
    def place(self) -> Place:
        """Where the data source is."""
        return Place(self.path, self.line or 1)


@dataclass(frozen=True, slots=True)
class Order:
    """The stacks in waves: those of a wave do not need each other. `uncertain` are the edges that order without being
    certain, `open` those that do not order, because they would make a circle."""

    waves: tuple[tuple[Stack, ...], ...]
    uncertain: tuple[Edge, ...] = ()
    open: tuple[Edge, ...] = ()


def edges(stacks: tuple[Stack, ...], graph: Graph) -> tuple[Edge, ...]:
    """Returns every edge between these stacks, certain ones first."""
    if not any(facts.states for folder in graph.folders.values() for facts in folder.facts):
        return ()
    owners = _Owners(stacks, graph)
    found: dict[tuple[str, str, str, int], Edge] = {}
    for stack in stacks:
        for edge in _read_by(stack, graph, owners):
            key = (edge.reader, edge.owner, edge.path, edge.line)
            if key not in found or edge.certain:
                found[key] = edge
    return tuple(sorted(found.values(), key=lambda edge: (not edge.certain, edge)))


def needs(stacks: tuple[Stack, ...], graph: Graph) -> dict[str, set[str]]:
    """Returns the keys of the stacks that certainly go before each of these stacks, among them, by its key."""
    return _needs(stacks, edges(stacks, graph))


def order(stacks: tuple[Stack, ...], graph: Graph) -> Order:
    """Returns the order of the stacks of one environment, by `after` and by what they read of each other.

    Raises BadInput where stacks certainly wait for each other.
    """
    found = edges(stacks, graph)
    needed = _needs(stacks, found)
    uncertain = tuple(edge for edge in found if not edge.certain and edge.owner not in needed[edge.reader])
    combined = {key: needed[key] | {edge.owner for edge in uncertain if edge.reader == key} for key in needed}
    together = _circles(combined) if uncertain else {}
    ordering = tuple(edge for edge in uncertain if together[edge.reader] != together[edge.owner])
    for edge in ordering:
        needed[edge.reader].add(edge.owner)
    left = {stack.key: stack for stack in stacks}
    waves = []
    while left:
        ready = sorted(key for key in left if not needed[key] & left.keys())
        if not ready:
            names = ", ".join(sorted(left))
            raise BadInput(f"the stacks {names} wait for each other in a circle", hint="remove one `after`")
        waves.append(tuple(left.pop(key) for key in ready))
    rest = tuple(edge for edge in uncertain if edge not in set(ordering))
    return Order(tuple(waves), ordering, rest)


def waves(stacks: tuple[Stack, ...], graph: Graph) -> tuple[tuple[Stack, ...], ...]:
    """Returns the stacks of one environment in the order in which they go. Raises BadInput when it goes in a circle."""
    return order(stacks, graph).waves


def readers_of(stack: Stack, stacks: tuple[Stack, ...], graph: Graph) -> tuple[str, ...]:
    """Returns the keys of those stacks that certainly read this one's outputs."""
    found = (edge.reader for edge in edges(stacks, graph) if edge.owner == stack.key and edge.certain)
    return tuple(dict.fromkeys(found))


def uncertain_edges(stacks: tuple[Stack, ...], graph: Graph) -> Iterator[Notice]:
    """Returns a notice for each data source of which it is not certain whose state it reads."""
    for environment in sorted({stack.environment for stack in stacks}):
        here = tuple(stack for stack in stacks if stack.environment == environment)
        try:
            found = order(here, graph)
        except BadInput:
            continue
        told: dict[tuple[str, int, str, bool], list[str]] = {}
        for edge in (*found.uncertain, *found.open):
            told.setdefault((edge.path, edge.line, edge.reader, edge in found.uncertain), []).append(edge.owner)
        for (path, line, reader, ordered), owners in sorted(told.items()):
            shown = listed(sorted(owners), _MOST_SHOWN)
            end = "which goes first" if len(owners) == 1 else "which go first"
            if not ordered:
                end = "which may read this one in turn, so that neither goes first"
            message = f"{reader} may read the outputs of {shown}, {end}: the address here is not known in full"
            yield Notice(message, path, line, "give the address in literal values, or name the stack in `after`")


class _Owners:
    """The states of stacks, by their addresses."""

    def __init__(self, stacks: tuple[Stack, ...], graph: Graph) -> None:
        self._all: dict[str, list[tuple[Stack, Address]]] = {}
        self._by_parts: dict[tuple[str, frozenset[tuple[str, str]]], list[tuple[Stack, Address]]] = {}
        self.local: dict[str, list[Stack]] = {}
        for stack in stacks:
            for address in addresses(stack, graph):
                if address.type == "local":
                    continue
                self._all.setdefault(address.type, []).append((stack, address))
                parts = frozenset() if address.unknown else frozenset(address.parts)
                self._by_parts.setdefault((address.type, parts), []).append((stack, address))
            path = local_state_path(stack, graph)
            if path:
                self.local.setdefault(path, []).append(stack)

    def of(self, kind: str, given: Mapping[str, str], *, partial: bool) -> Iterator[tuple[Stack, Match]]:
        """The stacks whose state has this address, or may have it."""
        for type_of in [kind] if kind else sorted(self._all):
            read = read_address(type_of, given, partial=partial or not kind)
            candidates = self._all.get(type_of, [])
            if not read.unknown and not any(UNKNOWN in value for _, value in read.parts):
                # It is that of one stack, or of one whose address is not known in full.
                known = self._by_parts.get((type_of, frozenset(read.parts)), [])
                candidates = [*known, *self._by_parts.get((type_of, frozenset()), [])]
            for stack, address in candidates:
                match = matches(read, address)
                if match is not Match.NO:
                    yield stack, match if kind else Match.MAYBE


def _read_by(stack: Stack, graph: Graph, owners: _Owners) -> Iterator[Edge]:
    reached = graph.reached(stack)
    values: Values | None = None
    for path in reached:
        folder = graph.folders.get(path)
        for file, facts in zip(folder.files, folder.facts, strict=True) if folder else ():
            for read in facts.states:
                values = values or Values(graph, stack, reached)
                for given in _given(read, values, path):
                    for owner, certain in _owners_of(stack, read, given, owners):
                        yield Edge(stack.key, owner.key, certain, file, read.line, read.name)


def _owners_of(stack: Stack, read: Settings, given: Mapping[str, str], owners: _Owners) -> Iterator[tuple[Stack, bool]]:
    if read.type in ("local", ""):
        yield from _local(stack, given, owners, partial=read.partial or not read.type)
    if read.type != "local":
        for owner, match in owners.of(read.type, given, partial=read.partial):
            if owner.key != stack.key:
                yield owner, match is Match.SAME


def _local(stack: Stack, given: Mapping[str, str], owners: _Owners, *, partial: bool) -> Iterator[tuple[Stack, bool]]:
    """The stacks whose local state is at the path that is read. Terraform takes it from the folder of the stack."""
    path = given.get("path", "" if not partial else UNKNOWN)
    workspace = given.get("workspace", DEFAULT_WORKSPACE)
    if workspace != DEFAULT_WORKSPACE:
        path = posixpath.join(given.get("workspace_dir", "terraform.tfstate.d"), workspace, "terraform.tfstate")
    if not path:
        return
    wanted = from_root(path, stack.path)
    wanted = wanted if wanted.startswith((UNKNOWN, "/")) else posixpath.normpath(wanted)
    like = re.compile(".*".join(map(re.escape, wanted.split(UNKNOWN))))
    for at, found in owners.local.items():
        if at == wanted or (UNKNOWN in wanted and like.fullmatch(at)):
            others = [one for one in found if one.path != stack.path]
            # Where stacks of several environments have one folder, the one of the same environment is meant.
            mine = [one for one in others if one.environment == stack.environment]
            yield from ((one, at == wanted) for one in mine or others)


def _given(read: Settings, values: Values, folder: str) -> Iterator[Mapping[str, str]]:
    """What the settings of a data source come to; more than one where its module is called in several ways."""
    choices: dict[str, tuple[str, ...]] = {name: (value,) for name, value in read.known.items()}
    for name in read.unknown:
        template = read.templates.get(name, ())
        choices[name] = values.of(template, folder) if template else (UNKNOWN,)
    number = 1
    for found in choices.values():
        number *= len(found)
    if number > MOST_VALUES:
        choices = {name: found if len(found) == 1 else (UNKNOWN,) for name, found in choices.items()}
    names = tuple(choices)
    for chosen in product(*choices.values()):
        yield dict(zip(names, chosen, strict=True))


def _needs(stacks: Iterable[Stack], found: Iterable[Edge]) -> dict[str, set[str]]:
    needed = {stack.key: set(stack.after) for stack in stacks}
    for edge in found:
        if edge.certain:
            needed[edge.reader].add(edge.owner)
    return {key: these & needed.keys() for key, these in needed.items()}


def _circles(needed: Mapping[str, set[str]]) -> dict[str, str]:
    """For every stack the first of those that need each other, itself where there are none (Tarjan)."""
    numbers: dict[str, int] = {}
    lowest: dict[str, int] = {}
    found: dict[str, str] = {}
    stack: list[str] = []
    for start in sorted(needed):
        work = [(start, iter(sorted(needed[start])))] if start not in numbers else []
        while work:
            key, rest = work[-1]
            if key not in numbers:
                numbers[key] = lowest[key] = len(numbers)
                stack.append(key)
            following = next((one for one in rest if one not in found), None)
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
                found.update(dict.fromkeys(circle, min(circle)))
    return found
