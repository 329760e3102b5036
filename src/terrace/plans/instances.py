"""Resolves the names in one instance of a module or resource, for the evaluation of its expressions."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from terrace.plans import json_format
from terrace.plans.addresses import steps_of
from terrace.plans.evaluation import (
    Fails,
    NewText,
    TextSet,
    TooLong,
    evaluate,
    evaluate_block,
    is_scalar,
    text_set,
    whole,
)
from terrace.plans.model import UNKNOWN, ResourceChange
from terrace.plans.sources import ModuleSource, Sources, parse_block, parse_expression

if TYPE_CHECKING:
    from tree_sitter import Node

NEVER_EMPTY = re.compile(
    r"id|arn|self_link|name|bucket|unique_id|resource_id|principal_id|versionless_id|(target_)?key_(id|arn)"
    r"|certificate_arn|result|(minified_)?json"
)
"""Attributes that every object has that has them at all, whatever its configuration sets."""

_STEPS, _STEPS_EACH = 40_000, 200
"""So many expressions of a plan are evaluated at most, and so many more for each object; ordinary ones have 20 each."""

_NONE = ModuleSource()


@dataclass(slots=True)
class PlanFacts:
    """Facts about the whole plan: its variables, its resources, and the remaining evaluation steps."""

    document: json_format.Document
    sources: Sources
    instances: frozenset[str] = frozenset()
    blocks: frozenset[str] = frozenset()
    left: int = _STEPS

    @staticmethod
    def of(document: json_format.Document, sources: Sources) -> PlanFacts:
        """Prepares a document for evaluation."""
        blocks = {
            (f"{resource.module_address}." if resource.module_address else "") + _block_in(resource)
            for resource in document.resources
        }
        return PlanFacts(
            document, sources, frozenset(resource.address for resource in document.resources), frozenset(blocks)
        )


def _block_in(resource: json_format.Resource) -> str:
    return f"data.{resource.type}.{resource.name}" if resource.mode == "data" else f"{resource.type}.{resource.name}"


@dataclass(slots=True)
class ModuleInstance:
    """One instance of a module. `prefix` is its address with a dot behind it, "" for the root module; `key` its index,
    `call` the module that calls it, and `declared` its resources and data sources."""

    plan: PlanFacts
    module: json_format.ConfigModule
    source: ModuleSource
    prefix: str = ""
    name: str = ""
    key: Any = None
    call: ModuleInstance | None = None
    declared: Mapping[str, json_format.ConfigResource] = field(default_factory=dict)
    _known: dict[tuple[str, str], Any] = field(default_factory=dict)
    _children: dict[str, ModuleInstance | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.declared = {resource.address: resource for resource in self.module.resources}

    def at(self, owner: str, key: Any) -> Place:
        """The place of an attribute of a block with that index."""
        return Place(self, owner, key)

    def child(self, name: str, key: Any) -> ModuleInstance | None:
        """An instance of a module that this one calls."""
        index = "" if key is None else f"[{json.dumps(key)}]"
        if name + index not in self._children:
            call = self.module.module_calls.get(name)
            path = [part for part in re.sub(r"\[[^\]]*\]", "", self.prefix).split(".")[1::2] if part]
            source = self.plan.sources.modules.get(".".join([*path, name]))
            child = None
            if call is not None and call.module is not None and source is not None and not source.opaque:
                prefix = f"{self.prefix}module.{name}{index}."
                child = ModuleInstance(self.plan, call.module, source, prefix, name, key, self)
            self._children[name + index] = child
        return self._children[name + index]

    def remember(self, word: str, name: str, make: Callable[[], Any]) -> Any:
        """A value that is evaluated once; what refers to itself is unknown."""
        if (word, name) not in self._known:
            self._known[word, name] = UNKNOWN
            self._known[word, name] = make()
        return self._known[word, name]

    def variable(self, name: str) -> Any:
        """The value of a variable."""
        declared = self.module.variables.get(name, json_format.ConfigVariable())
        if declared.sensitive:
            return UNKNOWN
        kind = self.source.texts.get(f"variable.{name}", {}).get("type", "")
        if self.call is None:
            variable = self.plan.document.variables.get(name)
            return convert_to_type(json_format.value(variable.value), kind) if variable is not None else UNKNOWN
        owner = f"module.{self.name}"
        text = self.call.source.texts.get(owner, {}).get(name)
        if text is None:
            is_given = name in self.call.module.module_calls[self.name].expressions
            return UNKNOWN if is_given or name not in self.module.variables else convert_to_type(declared.default, kind)
        value = try_evaluate(parse_expression(text), self.call.at(owner, self.key))
        # One that is not nullable has its default where it is given null.
        return UNKNOWN if value is None and declared.default is not None else convert_to_type(value, kind)


@dataclass(frozen=True, slots=True)
class Place:
    """Where an expression is written: an attribute of `owner`, in the instance of it with that key."""

    module: ModuleInstance
    owner: str
    key: Any = None

    def value_of(self, word: str, name: str) -> Any:
        """The value of a local or a variable."""
        if word == "var":
            return self.module.remember(word, name, lambda: self.module.variable(name))
        text = self.module.source.texts.get("locals", {}).get(name)
        return self.module.remember(word, name, lambda: try_evaluate(_node(text), self.module.at("locals", None)))

    def output(self, module: str, key: Any, name: str) -> Any:
        """An output of a module that is called here."""
        call = self.module.module.module_calls.get(module)
        if call is None or (key is None) is bool(call.for_each_expression or call.count_expression):
            return UNKNOWN
        child = self.module.child(module, key)
        text = child.source.texts.get(f"output.{name}", {}).get("value") if child is not None else None
        if child is None or text is None or child.module.outputs.get(name, json_format.ConfigOutput()).sensitive:
            return UNKNOWN
        return child.remember("output", name, lambda: try_evaluate(_node(text), child.at(f"output.{name}", None)))

    def loop(self, word: str, name: str) -> Any:
        """`each.key`, `each.value` or `count.index` of this instance."""
        if self.key is None:
            return UNKNOWN
        if (word, name) == ("count", "index"):
            return self.key if isinstance(self.key, int) else UNKNOWN
        if word != "each" or not isinstance(self.key, str):
            return UNKNOWN
        if name == "key":
            return self.key
        text = self.module.source.texts.get(self.owner, {}).get("for_each")
        each = self.module.remember(
            "each", self.owner, lambda: try_evaluate(_node(text), self.module.at(self.owner, None))
        )
        return each.get(self.key, UNKNOWN) if isinstance(each, dict) else UNKNOWN

    def instances(self, block: str) -> bool | None:
        """Returns whether a block of this module has instances. Data sources that were read are not in a plan."""
        if block not in self.module.declared:
            return None
        if self.module.prefix + block in self.module.plan.blocks:
            return True
        return None if block.startswith(("data.", "ephemeral.")) else False

    def exists(self, block: str, key: Any) -> bool:
        """Returns whether a block has the instance with that key."""
        if isinstance(key, NewText):
            return True
        return f"{self.module.prefix}{block}[{json.dumps(key)}]" in self.module.plan.instances

    def attribute(self, block: str, reference: str, name: str) -> Any:
        """An attribute of an instance: computed attributes of every resource are new strings, and all others are
        unknown.
        """
        if NEVER_EMPTY.fullmatch(name) is None:
            return UNKNOWN
        return NewText(f"{reference}.{name}", self.module.prefix + reference)

    def step(self) -> None:
        """Counts one step."""
        self.module.plan.left -= 1
        if self.module.plan.left < 0:
            raise TooLong


class Evaluation:
    """Evaluates attributes of the objects of one plan from its configuration files."""

    def __init__(self, document: json_format.Document, sources: Sources) -> None:
        plan = PlanFacts.of(document, sources)
        root = sources.modules.get("", ModuleSource(opaque=True))
        self._root = ModuleInstance(plan, document.configuration.root_module, root)

    def value(self, change: ResourceChange, name: str) -> Any:
        """Returns the future value of a resource attribute, or a list of its blocks of that name; UNKNOWN if nothing
        determines it. Within the value, strings that are certainly identifiers are NewText, and documents Encoded.
        """
        module = self._module(change.module)
        if module is None or module.source.opaque:
            return UNKNOWN
        owner = f"{'data.' if change.mode == 'data' else ''}{change.type}.{change.name}"
        return value_at(module, owner, change.index, name)

    def _module(self, address: str) -> ModuleInstance | None:
        instance: ModuleInstance | None = self._root
        steps = steps_of(address) if address else []
        for step in steps[1::2]:
            name, _, index = step.partition("[")
            try:
                key = json.loads(index[:-1]) if index else None
            except ValueError:
                return None
            instance = instance.child(name, key) if instance is not None else None
        return instance


def _node(text: str | None) -> Node | None:
    return parse_expression(text) if text is not None else None


def try_evaluate(node: Node | None, place: Place) -> Any:
    """The value of an expression, UNKNOWN where it has none."""
    try:
        return evaluate(node, place, {}) if node is not None else UNKNOWN
    except (Fails, TooLong, RecursionError):
        return UNKNOWN


def value_at(module: ModuleInstance, owner: str, key: Any, name: str) -> Any:
    """Returns the value of an attribute of an instance, or a list of its blocks of that name; UNKNOWN if that is
    unknown.
    """
    text = module.source.texts.get(owner, {}).get(name)
    if text is not None:
        return whole(try_evaluate(parse_expression(text), module.at(owner, key)))
    undecided = module.source.undecided.get(owner, {}).get(name)
    if undecided is not None:
        resource = module.declared.get(owner)
        if resource is None or name in module.source.dynamic.get(owner, {}):
            return UNKNOWN
        value = whole(try_evaluate(parse_expression(undecided), module.at(owner, key)))
        return _with_blocks(value, resource.expressions.get(name))
    written = module.source.blocks.get(owner, "")
    # Most unknown values are not blocks, and parsing takes long.
    block = parse_block(written) if re.search(rf'\b{re.escape(name)}"?\s*\{{', written) else None
    if block is None:
        return UNKNOWN
    try:
        return evaluate_block(block, module.at(owner, key), {}).get(name, UNKNOWN)
    except (Fails, TooLong, RecursionError):
        return UNKNOWN


def _with_blocks(value: Any, written: Any) -> Any:
    """A value of JSON syntax with nested blocks as lists. `written` is its entry in the plan, which shows blocks.

    UNKNOWN where the plan has another number of blocks.
    """
    if json_format.is_expression(written):
        return value
    blocks = value if isinstance(value, list) else [value]
    entries = written if isinstance(written, list) else [written]
    if len(blocks) != len(entries):
        return UNKNOWN
    if not all(isinstance(block, dict) for block in blocks):
        return value if written is None and (value is None or is_scalar(value)) else UNKNOWN
    if not all(isinstance(entry, dict) for entry in entries):
        return UNKNOWN
    return [
        {name: _with_blocks(inner, entry.get(name)) for name, inner in block.items()}
        for block, entry in zip(blocks, entries, strict=True)
    ]


def convert_to_type(value: Any, kind: str) -> Any:
    """A value as a variable of a type has it, UNKNOWN where the type may make another of it."""
    words = re.findall(r"[\w-]+", kind)
    scalars = {word for word in words if word in ("string", "number", "bool")}
    if kind.startswith("set("):
        return text_set(value) if kind.replace(" ", "") == "set(string)" else UNKNOWN
    if "set(" in kind or (len(scalars) > 1 and not _is_fitting(value, scalars)):
        return UNKNOWN
    if scalars == {"string"}:
        return _as_texts(value)
    if scalars and not _is_fitting(value, scalars):
        return UNKNOWN
    if "(any" in kind and _has_mixed(value):
        return UNKNOWN
    if "object(" in kind:
        # Attributes that the type does not name are dropped, and those that it says are optional are added.
        return value if "optional(" not in kind and _are_named(value, frozenset(words)) else UNKNOWN
    return value


def _leaves(value: Any) -> Iterator[Any]:
    members = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    if members is None:
        yield value
    else:
        for member in members:
            yield from _leaves(member)


def _is_fitting(value: Any, scalars: set[str]) -> bool:
    """Returns whether a type with one kind of scalars needs no conversion; with several kinds it is unknown here."""
    kinds = {"string": str, "number": int, "bool": bool}
    types = {kinds[name] for name in scalars}
    leaves = [leaf for leaf in _leaves(value) if isinstance(leaf, str | int | bool)]
    return len(types) == 1 and all(type(leaf) in types for leaf in leaves)


def _as_texts(value: Any) -> Any:
    """A value whose scalars are texts: true is "true"."""
    if isinstance(value, TextSet):
        return value
    if isinstance(value, dict):
        return {name: _as_texts(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_as_texts(item) for item in value]
    return str(value).lower() if isinstance(value, bool | int) else value


def _has_mixed(value: Any) -> bool:
    """Whether a collection has several members with different scalars: Terraform gives all of them one type."""
    members = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
    return len(members) > 1 and len({type(leaf) for leaf in _leaves(value) if isinstance(leaf, str | int | bool)}) > 1


def _are_named(value: Any, names: frozenset[str]) -> bool:
    if isinstance(value, Mapping) and not isinstance(value, TextSet):
        return all(name in names and _are_named(item, names) for name, item in value.items())
    return all(_are_named(item, names) for item in value) if isinstance(value, list) else True
