"""Finds attributes whose value comes from the clock or from chance, so that no two plans of them are equal.

The values are followed through locals, variables of modules, outputs, data sources and `for_each`. What a provider
or a module of a registry makes of the time cannot be seen in the configuration: a deployment notices it, because it
plans once more.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from terrace.assess.model import Finding, Severity, Status
from terrace.plans.addresses import block_of
from terrace.plans.model import UNKNOWN, Action, Plan, ResourceChange
from terrace.stacks.syntax import attributes, blocks, everything, head, parse, text_of

if TYPE_CHECKING:
    from tree_sitter import Node

RULE = "volatile"

AT_PLAN = frozenset({"plantimestamp"})
"""Functions whose value is known in a plan, and is another one in the next plan."""

AT_APPLY = frozenset({"timestamp", "uuid", "bcrypt"})
"""Functions that give another value at each apply: every plan changes what they are in."""

_ASIDE = frozenset({"lifecycle", "provisioner", "connection"})
_MOST_ROUNDS = 100

Word = tuple[str, ...]
"""Names one thing of a module: ("local", name), ("var", name), ("output", name) or ("resource", block, attribute)."""

Place = tuple[str, Word]
"""A thing of one module: the module's address without indexes ("" for the root module), and its word."""


@dataclass(slots=True)
class ModuleCall:
    """A call of a local module. `module` is the folder that it leads to."""

    name: str
    module: str


@dataclass(slots=True)
class Sources:
    """The configuration files of the local modules of a stack, by folder and path, and the calls between folders."""

    files: Mapping[str, Mapping[str, bytes]]
    calls: Mapping[str, tuple[ModuleCall, ...]] = field(default_factory=dict)


def volatile(stack: str, root: str, sources: Sources, plan: Plan, allowed: tuple[str, ...]) -> tuple[Finding, ...]:
    """Returns a finding for each attribute that the plan alters and that every plan alters anew.

    `root` is the folder of the stack. `allowed` are the attributes that terrace.yaml lets through.
    """
    functions = [f"{name}(".encode() for name in (*AT_PLAN, *AT_APPLY)]
    if not any(function in content for content in _all(sources) for function in functions):
        return ()
    known = _Known()
    known.read("", root, sources, ())
    at_plan, at_apply = known.reached(AT_PLAN), known.reached(AT_APPLY)
    found = []
    for change in plan.effective:
        if change.action in (Action.DELETE, Action.FORGET):
            continue
        block, module = block_of(change.address), block_of(change.module)
        word = block.removeprefix(f"{module}.") if module else block
        for name in _altered(change):
            place = (module, ("resource", word, name))
            attribute, entry = f"{change.address}.{name}", f"{block}.{name}"
            if any(f"{one}.".startswith((f"{attribute}.", f"{entry}.")) for one in allowed):
                continue
            if place in at_plan and _is_known(change, name):
                found.append(_never_equal(stack, change.address, attribute, entry))
            elif place in at_apply and change.action is not Action.CREATE and not known.ignores(place):
                found.append(_always_altered(stack, change.address, attribute))
    for output in plan.outputs:
        entry = f"output.{output.name}"
        if output.action in (Action.NO_OP, Action.DELETE) or entry in allowed or output.after is UNKNOWN:
            continue
        if ("", ("output", output.name)) in at_plan:
            found.append(_never_equal(stack, entry, entry, entry))
    return tuple(found)


def _all(sources: Sources) -> Iterator[bytes]:
    return (content for files in sources.files.values() for content in files.values())


def _altered(change: ResourceChange) -> Iterator[str]:
    before, after = (side if isinstance(side, dict) else {} for side in (change.before, change.after))
    for name in sorted(before.keys() | after.keys()):
        if name not in before or name not in after or before[name] != after[name] or after[name] is UNKNOWN:
            yield name


def _is_known(change: ResourceChange, name: str) -> bool:
    return isinstance(change.after, dict) and change.after.get(name) is not UNKNOWN


def _never_equal(stack: str, address: str, attribute: str, entry: str) -> Finding:
    return Finding(
        RULE,
        Severity.HIGH,
        Status.FAIL,
        "terrace",
        f"{attribute} is another value in every plan, because `plantimestamp()` is in it: a deployment can never apply "
        "what was approved",
        stack=stack,
        address=address,
        fix="take the time from a `time_static` resource or a variable, or let it differ: "
        f"`volatile: {{allow: [{entry}]}}` of the environment in terrace.yaml",
    )


def _always_altered(stack: str, address: str, attribute: str) -> Finding:
    return Finding(
        RULE,
        Severity.MEDIUM,
        Status.FAIL,
        "terrace",
        f"{attribute} is made anew by every plan, because `timestamp()`, `uuid()` or `bcrypt()` is in it: "
        "the stack never settles",
        stack=stack,
        address=address,
        fix="use a `time_static` or `random_*` resource, or `lifecycle { ignore_changes = [...] }`",
        advisory=True,
    )


class _Known:
    """What the modules of one stack say, and which things lead to which."""

    def __init__(self) -> None:
        self._calls: dict[Place, set[str]] = {}
        self._uses: dict[Place, set[Place]] = {}
        self._ignored: set[Place] = set()

    def ignores(self, place: Place) -> bool:
        """Whether `ignore_changes` names the attribute, or all."""
        module, (kind, block, _) = place
        return place in self._ignored or (module, (kind, block, "*")) in self._ignored

    def reached(self, functions: frozenset[str]) -> set[Place]:
        """Returns everything whose value one of these functions is in."""
        found = {place for place, names in self._calls.items() if names & functions}
        for _ in range(_MOST_ROUNDS):
            more = {place for place, uses in self._uses.items() if place not in found and uses & found}
            if not more:
                break
            found |= more
        return found

    def read(self, module: str, folder: str, sources: Sources, above: tuple[str, ...]) -> None:
        """Reads one module, and those that it calls."""
        if folder in above:
            return
        targets = {call.name: call.module for call in sources.calls.get(folder, ())}
        for path, content in sources.files.get(folder, {}).items():
            if path.endswith(".json"):
                continue
            for block in blocks(parse(content).root_node):
                self._block(module, block, targets)
        for name, target in targets.items():
            self.read(_inner(module, name), target, sources, (*above, folder))

    def _block(self, module: str, block: Node, targets: Mapping[str, str]) -> None:
        kind, labels = head(block)
        if kind == "locals":
            for name, value in attributes(block):
                self._say(module, ("local", name), value, module)
        elif kind == "output" and labels:
            for name, value in attributes(block):
                if name == "value":
                    self._say(module, ("output", labels[0]), value, module)
        elif kind == "module" and labels and labels[0] in targets:
            inner = _inner(module, labels[0])
            for name, value in attributes(block):
                self._say(inner, ("var", name), value, module)
        elif kind in ("resource", "data") and len(labels) == 2:
            self._object(module, ".".join([*(["data"] if kind == "data" else []), *labels]), block)

    def _object(self, module: str, address: str, block: Node) -> None:
        for name, value in attributes(block):
            self._say(module, ("resource", address, name), value, module, of=address)
        for inner in blocks(block):
            kind, labels = head(inner)
            if kind == "lifecycle":
                self._lifecycle(module, address, inner)
            if kind not in _ASIDE:
                name = labels[0] if kind == "dynamic" and labels else kind
                self._say(module, ("resource", address, name), inner, module, of=address)

    def _lifecycle(self, module: str, address: str, block: Node) -> None:
        for name, value in attributes(block):
            if name == "ignore_changes":
                text = text_of(value)
                names = ["*"] if text.strip() == "all" else [part.strip(' \n\t[],"') for part in text.split(",")]
                tops = {one.partition(".")[0].partition("[")[0] for one in names}
                self._ignored |= {(module, ("resource", address, top)) for top in tops}

    def _say(self, module: str, word: Word, value: Node, scope: str, of: str = "") -> None:
        """Notes which functions and which things of `scope` an expression names. `of` is the object around it."""
        place = (module, word)
        calls, uses = self._calls.setdefault(place, set()), self._uses.setdefault(place, set())
        for node in everything(value):
            if node.type == "function_call" and node.named_children:
                calls.add(text_of(node.named_children[0]))
            for used in _named(node):
                uses |= {(used_scope, one) for used_scope, one in _places(used, scope, of)}


def _named(node: Node) -> Iterator[list[str]]:
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
