"""Finds attributes whose value comes from the clock or from chance, so that no two plans of them are equal.

The values are followed through locals, variables of modules, outputs, data sources and `for_each`, in every module of
the saved plan, in both syntaxes. A provider's own use of the time is not visible in the configuration: a deployment
detects it by planning a second time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from terrace.hcl.blocks import Block, Expression, expressions_of, read_blocks
from terrace.hcl.syntax import text_of, walk
from terrace.plans.addresses import block_of
from terrace.plans.model import UNKNOWN, Action, Moving, OutputChange, ResourceChange

if TYPE_CHECKING:
    from tree_sitter import Node

AT_PLAN = frozenset({"plantimestamp"})
"""Functions whose value is known in a plan and differs in the next plan."""

AT_APPLY = frozenset({"timestamp", "uuid", "bcrypt"})
"""Functions with a different value at each apply: every plan changes the attributes that use them."""

_NAMES = tuple(f"{name}(".encode() for name in (*AT_PLAN, *AT_APPLY))
_ASIDE = frozenset({"lifecycle", "provisioner", "connection"})
_BLOCKS = _ASIDE | {"dynamic"}
_MOST_ROUNDS = 100

Word = tuple[str, ...]
"""Names one thing of a module: ("local", name), ("var", name), ("output", name) or ("resource", block, attribute)."""

Place = tuple[str, Word]
"""A thing of one module: the module's address without indexes ("" for the root module), and its word."""


@dataclass(frozen=True, slots=True)
class Clock:
    """The places whose value depends on such a function, and the attributes in `ignore_changes` ("*": all)."""

    at_plan: frozenset[Place] = frozenset()
    at_apply: frozenset[Place] = frozenset()
    ignored: frozenset[Place] = frozenset()


NO_CLOCK = Clock()
"""The clock of a configuration that calls no such function, or that cannot be read."""


def read_clock(files: Mapping[str, list[tuple[str, bytes]]]) -> Clock:
    """Reads the configuration files (name, content) of every module by its key, as in `plans.sources`."""
    if not any(name in content for contents in files.values() for _, content in contents for name in _NAMES):
        return NO_CLOCK
    volatile = _Known()
    for key, contents in files.items():
        volatile.read(key, contents)
    return Clock(
        frozenset(volatile.find_reached(AT_PLAN)),
        frozenset(volatile.find_reached(AT_APPLY)),
        frozenset(volatile.ignored),
    )


def find_volatile_attributes(
    changes: Iterable[ResourceChange], outputs: Iterable[OutputChange], clock: Clock, allowed: tuple[str, ...]
) -> tuple[Moving, ...]:
    """Returns the attributes that a plan alters and that the next one alters again. `allowed` are left out."""
    if clock == NO_CLOCK:
        return ()
    return (*_of_objects(changes, clock, allowed), *_of_outputs(outputs, clock, allowed))


def _of_objects(changes: Iterable[ResourceChange], clock: Clock, allowed: tuple[str, ...]) -> Iterator[Moving]:
    for change in changes:
        if change.action in (Action.DELETE, Action.FORGET, Action.NO_OP, Action.READ):
            continue
        block, module = block_of(change.address), block_of(change.module)
        word = block.removeprefix(f"{module}.") if module else block
        for name in _altered_attributes(change):
            entry = f"{block}.{name}"
            if any(f"{place}.".startswith((f"{change.address}.{name}.", f"{entry}.")) for place in allowed):
                continue
            place = (module, ("resource", word, name))
            if place in clock.at_plan and _is_known(change, name):
                yield Moving(change.address, name, entry, never_equal=True)
            elif place in clock.at_apply and change.action is not Action.CREATE and not _is_ignored(place, clock):
                yield Moving(change.address, name, entry)


def _of_outputs(outputs: Iterable[OutputChange], clock: Clock, allowed: tuple[str, ...]) -> Iterator[Moving]:
    for output in outputs:
        entry = f"output.{output.name}"
        if output.action in (Action.NO_OP, Action.DELETE) or entry in allowed or output.after is UNKNOWN:
            continue
        if ("", ("output", output.name)) in clock.at_plan:
            yield Moving(entry, "", entry, never_equal=True)


def _is_ignored(place: Place, clock: Clock) -> bool:
    module, (kind, block, _) = place
    return place in clock.ignored or (module, (kind, block, "*")) in clock.ignored


def _altered_attributes(change: ResourceChange) -> Iterator[str]:
    before, after = (side if isinstance(side, dict) else {} for side in (change.before, change.after))
    for name in sorted(before.keys() | after.keys()):
        if name not in before or name not in after or before[name] != after[name] or after[name] is UNKNOWN:
            yield name


def _is_known(change: ResourceChange, name: str) -> bool:
    return isinstance(change.after, dict) and change.after.get(name) is not UNKNOWN


class _Known:
    """The function calls and references in the modules of one stack."""

    def __init__(self) -> None:
        self._calls: dict[Place, set[str]] = {}
        self._uses: dict[Place, set[Place]] = {}
        self.ignored: set[Place] = set()

    def find_reached(self, functions: frozenset[str]) -> set[Place]:
        """Returns everything whose value depends on one of these functions."""
        places = {place for place, names in self._calls.items() if names & functions}
        for _ in range(_MOST_ROUNDS):
            more = {place for place, uses in self._uses.items() if place not in places and uses & places}
            if not more:
                break
            places |= more
        return places

    def read(self, key: str, files: Iterable[tuple[str, bytes]]) -> None:
        """Reads one module."""
        module = "".join(f".module.{name}" for name in key.split(".") if name).removeprefix(".")
        for path, content in files:
            for block in read_blocks(path, content).root.blocks("locals", "output", "module", "resource", "data"):
                self._block(module, block)

    def _block(self, module: str, block: Block) -> None:
        match block.type, block.labels:
            case "locals", _:
                for name, value in block.attributes.items():
                    self._say(module, ("local", name), (value,), module)
            case "output", (label,) if "value" in block.attributes:
                self._say(module, ("output", label), (block.attributes["value"],), module)
            case "module", (label,):
                inner = _inner(module, label)
                for name, value in block.attributes.items():
                    self._say(inner, ("var", name), (value,), module)
            case ("resource" | "data") as kind, (_, _):
                self._object(module, ".".join([*(["data"] if kind == "data" else []), *block.labels]), block)

    def _object(self, module: str, address: str, block: Block) -> None:
        for name, value in block.attributes.items():
            if name not in _BLOCKS:
                self._say(module, ("resource", address, name), (value,), module, of=address)
        for inner in block.blocks():
            if inner.type == "lifecycle":
                self._lifecycle(module, address, inner)
            # In JSON syntax nested blocks are attributes too.
            if inner.type not in _ASIDE and (inner.type == "dynamic" or inner.type not in block.attributes):
                name = inner.labels[0] if inner.type == "dynamic" and inner.labels else inner.type
                self._say(module, ("resource", address, name), expressions_of(inner), module, of=address)

    def _lifecycle(self, module: str, address: str, block: Block) -> None:
        ignored = block.attributes.get("ignore_changes")
        if ignored is None:
            return
        names = ["*"] if ignored.code() == "all" else [item.code() for item in ignored.items()]
        tops = {name.partition(".")[0].partition("[")[0] for name in names}
        self.ignored |= {(module, ("resource", address, top)) for top in tops}

    def _say(self, module: str, word: Word, values: Iterable[Expression], scope: str, of: str = "") -> None:
        """Notes which functions and which things of `scope` expressions name. `of` is the object around them."""
        place = (module, word)
        calls, uses = self._calls.setdefault(place, set()), self._uses.setdefault(place, set())
        for node in (node for value in values for node in walk(value.tree())):
            if node.type == "function_call" and node.named_children:
                calls.add(text_of(node.named_children[0]))
            for used in _reference_names(node):
                uses |= {(used_scope, place) for used_scope, place in _places(used, scope, of)}


def _reference_names(node: Node) -> Iterator[list[str]]:
    """The names of each reference among the children of a node, such as `local`, `x` of `local.x[0].y`."""
    words: list[str] = []
    for child in node.named_children:
        if child.type == "variable_expr":
            if words:
                yield words
            words = [text_of(child)]
        elif words and child.type == "get_attr" and child.named_children:
            words.append(text_of(child.named_children[0]))
        elif words and child.type not in ("index", "splat"):
            yield words
            words = []
    if words:
        yield words


def _places(words: list[str], scope: str, of: str) -> Iterator[Place]:
    first, rest = words[0], words[1:]
    if first in ("local", "var") and rest:
        yield scope, (first, rest[0])
    elif first == "module" and len(rest) > 1:
        yield _inner(scope, rest[0]), ("output", rest[1])
    elif first == "each" and of:
        yield scope, ("resource", of, "for_each")
    elif first == "data" and len(rest) > 2:
        yield scope, ("resource", ".".join(["data", *rest[:2]]), rest[2])
    elif len(rest) > 1:
        yield scope, ("resource", f"{first}.{rest[0]}", rest[1])


def _inner(module: str, name: str) -> str:
    return f"{module}.module.{name}" if module else f"module.{name}"
