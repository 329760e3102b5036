"""The attributes that a configuration sets, and the origins of the expressions that set them.

A plan says "known only after apply" of two things: a value that the configuration computes from something new, and a
value that it does not set, so that the provider chooses. Only the first can be anything. An attribute is unset when no
expression, block or `dynamic` block sets it, or when all that its expression depends on is known: Terraform would show
the value then, so it is null.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from terrace.clouds.references import find_naming_argument
from terrace.hcl.syntax import text_of
from terrace.plans import json_format
from terrace.plans.addresses import block_of, steps_of
from terrace.plans.evaluation import Fails, TooLong, evaluate, is_plain
from terrace.plans.instances import NEVER_EMPTY, convert_to_type
from terrace.plans.model import UNKNOWN, Path, Value
from terrace.plans.possible_values import ANYTHING, Constant, ValueOf, Values, is_filled, possible, the_one
from terrace.plans.schemas import Unsettable, find_computed_paths
from terrace.plans.sources import Expression, ModuleSource, Reference, Sources, expression_of, parse_expression

if TYPE_CHECKING:
    from tree_sitter import Node

_ALWAYS_KNOWN = frozenset({"path", "terraform", "count", "self"})
IDENTIFIER = re.compile(r"(aws|azurerm)_\w+\.[\w-]+(\[[^\]]*\])?\.(id|arn|\w+_arn)")
"""A reference to what a provider gives a new object as its identifier: never empty, and never a pattern."""

_STEP = re.compile(r"[.\[]")

_MOST_STEPS = 200_000
"""Maximum number of expressions that are evaluated for constants."""

_DEEPEST = 40
"""So many modules and locals a reference is followed through."""


@dataclass(frozen=True, slots=True)
class Origin:
    """A block that an expression takes a value from, with its module, and the reference as that module writes it."""

    block: str
    reference: str


@dataclass(frozen=True, slots=True)
class _Scope:
    """One module call of the configuration. `prefix` is "" or ends in a dot."""

    prefix: str
    module: json_format.ConfigModule
    source: ModuleSource | None
    parent: _Scope | None = None
    name: str = ""
    resources: Mapping[str, json_format.ConfigResource] = field(default_factory=dict)


class Configured:
    """The configuration of one plan. `sources` are its files; without them, as for a plan from a JSON file, parts that
    the JSON lacks are treated as absent. `unsettable` are the paths that only the providers set.
    """

    def __init__(
        self, document: json_format.Document, sources: Sources | None = None, unsettable: Unsettable | None = None
    ) -> None:
        self._sources = sources
        self._unsettable = unsettable or {}
        self._scopes: dict[str, _Scope] = {}
        self._add(_Scope("", document.configuration.root_module, self._source("")))
        self._instances = frozenset(block_of(r.address) for r in document.resources)
        self._found: dict[str, tuple[_Scope | None, json_format.ConfigResource | None]] = {}
        self._unset: dict[str, dict[Path, bool]] = {}
        # Every question is answered once: configurations in which each value is used twice, step after step, would ask
        # it very often.
        self._parts: dict[tuple[str, str, str, tuple[str | None, ...]], Values] = {}
        self._are_known: dict[tuple[str, str, str], bool] = {}
        self._constants: dict[tuple[str, str, str], Any] = {}
        self._steps = _MOST_STEPS
        self._variables = document.variables
        self._all_ends: dict[tuple[str, str, str], tuple[Origin, ...]] = {}
        self._attributes: dict[str, Mapping[str, tuple[Origin, ...]]] = {}

    # --- questions ---------------------------------------------------------------------------------------------------

    def unset(self, resource: json_format.Resource, unknown: Collection[Path]) -> tuple[Path, ...]:
        """Those of the unknown paths of an object that its configuration does not set, though it could.

        An attribute that a data source does not set is unknown until the data source is read; it has no default.
        """
        if not unknown or resource.mode != "managed" or (self._sources is not None and not self._sources.whole):
            return ()
        block = block_of(resource.address)
        cache = self._unset.setdefault(block, {})
        computed = find_computed_paths(resource.provider_name, resource.type, self._unsettable)
        paths = []
        for path in unknown:
            names = tuple(part for part in path if isinstance(part, str))
            if names not in cache:
                cache[names] = not _is_below(names, computed) and self._is_unset(block, names)
            if cache[names]:
                paths.append(path)
        return tuple(paths)

    def origins(self, block: str) -> Mapping[str, tuple[Origin, ...]]:
        """Returns the origins of each attribute of a block, through locals, arguments and outputs of modules."""
        if block not in self._attributes:
            self._attributes[block] = dict(self._origins(block))
        return self._attributes[block]

    def blocks(self) -> Iterator[str]:
        """Every resource and data block, with its module."""
        for prefix, scope in self._scopes.items():
            yield from (prefix + address for address in scope.resources)

    def document(self, block: str, attribute: str) -> Value:
        """The JSON that an attribute encodes; None if there is none. A value that is not literal is UNKNOWN, and
        `{"reference": ...}` where it is an identifier that a provider makes of something new."""
        scope, resource = self._find(block)
        if scope is None or resource is None or scope.source is None:
            return None
        return self._resolve(scope, resource, scope.source.documents.get(resource.address, {}).get(attribute))

    def statements(self, block: str) -> tuple[Mapping[str, Value], ...]:
        """The `statement` blocks of a data source, as `document` represents values; empty if any is dynamic."""
        scope, resource = self._find(block)
        if scope is None or resource is None or scope.source is None:
            return ()
        return tuple(
            {name: self._resolve(scope, resource, value) for name, value in statement.items()}
            for statement in scope.source.statements.get(resource.address, ())
        )

    def trace_origin(self, block: str, attribute: str) -> Origin | None:
        """The one block whose value an unknown attribute is, unchanged: through locals, arguments and outputs of
        modules, conditions that are known, and functions that pass it on."""
        value = the_one(self._values(block, attribute))
        return Origin(value.block, value.reference) if value is not None else None

    def is_filled(self, block: str, attribute: str) -> bool:
        """Returns whether an unknown attribute is certain to be neither null nor empty."""
        return is_filled(self._values(block, attribute))

    def members(self, block: str, attribute: str) -> tuple[Origin | Constant | None, ...] | None:
        """What the members of a list are: the block whose value one is, or its constant; None for an uncertain member,
        and for an attribute that is not written as a list. `compact` leaves out empty ones.
        """
        scope, resource = self._find(block)
        node = self._node(scope, resource.address, attribute) if scope is not None and resource is not None else None
        if scope is None or resource is None or node is None:
            return None
        place = _Here(self, scope, resource, resource.address, 0)
        listed = _unwrap(node)
        is_compact = listed.type == "function_call" and text_of(listed.named_children[0]) == "compact"
        if is_compact:
            nodes = [node for part in listed.named_children[1:] for node in part.named_children]
            listed = _unwrap(nodes[0]) if len(nodes) == 1 else listed
        if listed.type != "tuple" or any(child.type.startswith("for_") for child in listed.named_children):
            return None
        members: list[Origin | Constant | None] = []
        for element in (child for child in listed.named_children if child.type == "expression"):
            value, end = None, None
            with contextlib.suppress(RecursionError):
                value = place.constant(element)
                end = the_one(possible(element, place)) if value is None else None
            if not (is_compact and value is not None and value.value in (None, "")):
                members.append(Origin(end.block, end.reference) if end is not None else value)
        return tuple(members)

    # --- what is constant --------------------------------------------------------------------------------------------

    def constant(self, scope: _Scope, kind: str, name: str, depth: int) -> Any:
        """The value of a local or a variable, UNKNOWN where the configuration alone does not give it."""
        if depth > _DEEPEST:
            return UNKNOWN
        key = scope.prefix, kind, name
        if key not in self._constants:
            # A value that refers to itself is unknown.
            self._constants[key] = UNKNOWN
            self._constants[key] = self._constant(scope, kind, name, depth)
        return self._constants[key]

    def _constant(self, scope: _Scope, kind: str, name: str, depth: int) -> Any:
        if kind == "local":
            return self.evaluate(scope, self._node(scope, "locals", name), depth)
        declared = scope.module.variables.get(name)
        type_ = scope.source.texts.get(f"variable.{name}", {}).get("type", "") if scope.source is not None else ""
        if scope.parent is None:
            variable = self._variables.get(name)
            return convert_to_type(json_format.value(variable.value), type_) if variable is not None else UNKNOWN
        expression = scope.parent.module.module_calls[scope.name].expressions.get(name)
        default = declared.default if declared is not None else None
        if expression is None:
            return convert_to_type(default, type_) if declared is not None else UNKNOWN
        node = self._node(scope.parent, f"module.{scope.name}", name)
        value = self.evaluate(scope.parent, node, depth)
        # A variable that is not nullable has its default where it is given null.
        return UNKNOWN if value is None and default is not None else convert_to_type(value, type_)

    def evaluate(self, scope: _Scope, node: Node | None, depth: int) -> Any:
        """The value of an expression of a module, UNKNOWN where it depends on an instance or an object."""
        try:
            value = evaluate(node, _Constants(self, scope, depth), {}) if node is not None else UNKNOWN
        except (Fails, TooLong, RecursionError):
            return UNKNOWN
        return value if is_plain(value) else UNKNOWN

    def count_step(self) -> None:
        """Counts one step of evaluating constants. Raises TooLong where there were too many."""
        self._steps -= 1
        if self._steps < 0:
            raise TooLong

    # --- what is possible --------------------------------------------------------------------------------------------

    def _values(self, block: str, attribute: str) -> Values:
        scope, resource = self._find(block)
        if scope is None or resource is None:
            return ANYTHING
        return self._written_values(
            scope, resource, resource.address, attribute, resource.expressions.get(attribute), 0
        )

    def _node(self, scope: _Scope, owner: str, attribute: str) -> Node | None:
        text = scope.source.texts.get(owner, {}).get(attribute) if scope.source is not None else None
        return parse_expression(text) if text is not None else None

    def _written_values(
        self,
        scope: _Scope,
        resource: json_format.ConfigResource | None,
        owner: str,
        attribute: str,
        expression: Any,
        depth: int,
        keys: tuple[str | None, ...] = (),
    ) -> Values:
        """Returns the possible values of an attribute of `owner`, or of some keys of it. `expression` belongs to the
        plan.
        """
        if depth > _DEEPEST:
            return ANYTHING
        name = scope.prefix, owner, attribute, keys
        if name not in self._parts:
            # A value that refers to itself can be anything.
            self._parts[name] = ANYTHING
            with contextlib.suppress(RecursionError):
                self._parts[name] = self._read(scope, resource, owner, attribute, expression, depth, keys)
        return self._parts[name]

    def _read(
        self,
        scope: _Scope,
        resource: json_format.ConfigResource | None,
        owner: str,
        attribute: str,
        expression: Any,
        depth: int,
        keys: tuple[str | None, ...],
    ) -> Values:
        place = _Here(self, scope, resource, owner, depth)
        node = self._node(scope, owner, attribute)
        if node is not None:
            return self._at(node, keys, place)
        if keys or scope.source is not None:
            return ANYTHING
        # Without the text, the unknown references are used as the value.
        unresolved = [
            reference
            for reference in _longest(_references(expression))
            if not self._is_reference_known(scope, resource, reference, depth)
        ]
        return (
            frozenset(value for reference in unresolved for value in place.follow(tuple(steps_of(reference))))
            or ANYTHING
        )

    def _at(self, node: Node, keys: tuple[str | None, ...], place: _Here) -> Values:
        """Returns the possible values at some keys of an expression; a key of None matches any key."""
        if not keys:
            return possible(node, place)
        node = _unwrap(node)
        if node.type == "object" and not any(child.type.startswith("for_") for child in node.named_children):
            elements = [element.named_children for element in node.named_children if element.type == "object_elem"]
            nodes = [pair[-1] for pair in elements if keys[0] in (None, text_of(pair[0]).strip('"'))]
            return frozenset(value for node in nodes for value in self._at(node, keys[1:], place)) or ANYTHING
        names = _traverse(node)
        return place.follow(names, keys) if names is not None else ANYTHING

    def follow(
        self,
        scope: _Scope,
        resource: json_format.ConfigResource | None,
        owner: str,
        names: tuple[str, ...],
        depth: int,
        further: tuple[str | None, ...] = (),
    ) -> Values:
        """Returns the possible values of a reference in an attribute of `owner`, at some further keys of it."""
        if depth > _DEEPEST or len(names) < 2:
            return ANYTHING
        names = names[1:] if names[0] == "resource" else names
        keys = (*(key for name in names[1:] for key in _keys(name)), *further)
        if names[0] == "local" and keys[0]:
            return self._written_values(scope, None, "locals", keys[0], None, depth, keys[1:])
        if names[0] == "var" and keys[0] and scope.parent is not None:
            expression = scope.parent.module.module_calls[scope.name].expressions.get(keys[0])
            if expression is None:
                return ANYTHING
            return self._written_values(
                scope.parent, None, f"module.{scope.name}", keys[0], expression, depth, keys[1:]
            )
        if names[0] == "module" and len(names) > 2:
            inner = self._scopes.get(f"{scope.prefix}module.{names[1].partition('[')[0]}.")
            first, *more = (*(key for name in names[2:] for key in _keys(name)), *further)
            if inner is None or first is None or first not in inner.module.outputs:
                return ANYTHING
            expression = inner.module.outputs[first].expression
            return self._written_values(inner, None, f"output.{first}", "value", expression, depth, tuple(more))
        if names[0] == "each" and keys[0] == "value":
            return self._element(scope, resource, owner, keys[1:], depth)
        return self._attribute(scope, names, depth) if not further else ANYTHING

    def _element(
        self,
        scope: _Scope,
        resource: json_format.ConfigResource | None,
        owner: str,
        keys: tuple[str | None, ...],
        depth: int,
    ) -> Values:
        """Returns the possible values of an element of `for_each`."""
        node = self._node(scope, owner, "for_each")
        names = _traverse(node) if node is not None else None
        if names is not None and _block(".".join(names)) in scope.resources:
            return self._attribute(scope, (*names, *map(str, keys)), depth) if None not in keys else ANYTHING
        expression = resource.for_each_expression if resource is not None else None
        return self._written_values(scope, resource, owner, "for_each", expression, depth, (None, *keys))

    def _attribute(self, scope: _Scope, names: tuple[str, ...], depth: int) -> Values:
        """The value of an attribute of a resource or a data source."""
        length = 3 if names[0] in ("data", "ephemeral") else 2
        block = ".".join(name.partition("[")[0] for name in names[:length])
        resource = scope.resources.get(block)
        if resource is None or len(names) != length + 1 or "[" in names[length]:
            return ANYTHING
        attribute = names[length]
        is_sure = NEVER_EMPTY.fullmatch(attribute) is not None
        # The output of `terraform_data` is its input.
        source = "input" if block.startswith("terraform_data.") and attribute == "output" else attribute
        if not is_sure and (expression := resource.expressions.get(source)) is not None:
            if isinstance(expression, dict) and "constant_value" in expression:
                is_sure = expression["constant_value"] not in (None, "", [], {})
            else:
                is_sure = is_filled(self._written_values(scope, resource, block, source, expression, depth))
        return frozenset({ValueOf(scope.prefix + block, ".".join(names), is_sure)})

    # --- what is unset -----------------------------------------------------------------------------------------------

    def _is_unset(self, block: str, names: Path) -> bool:
        scope, resource = self._find(block)
        if scope is None or resource is None or not names or (scope.source is not None and scope.source.opaque):
            return False
        source = scope.source or ModuleSource()
        dynamic = source.dynamic.get(resource.address, {})
        inside: list[Any] = [resource.expressions]
        for name in names:
            if name in dynamic and not self.is_known_during_plan(scope, resource, dynamic[str(name)]):
                return False
            values = [item[name] for item in inside if isinstance(item, dict) and name in item]
            inside = []
            for value in values:
                if json_format.is_expression(value):
                    # Without the text, a function of nothing but constants may be `timestamp`.
                    impure = resource.address in source.impure or (scope.source is None and value == {})
                    if not self.is_known_during_plan(scope, resource, _of(value, impure)):
                        return False
                else:
                    inside += value if isinstance(value, list) else [value]
        # A block that is there is set, whatever is in it.
        return not inside

    def is_known_during_plan(
        self, scope: _Scope, resource: json_format.ConfigResource | None, expression: Expression
    ) -> bool:
        """Returns whether Terraform knows the value of an expression during the plan."""
        if expression.impure:
            return False
        return all(
            self._is_reference_known(scope, resource, reference, 0) for reference in _longest(expression.references)
        )

    def _is_reference_known(
        self, scope: _Scope, resource: json_format.ConfigResource | None, reference: str, depth: int
    ) -> bool:
        if depth > _DEEPEST:
            return False
        if reference.startswith("module."):
            # Terraform lists the module next to the output, so references to whole modules and to single outputs cannot
            # be distinguished.
            reference = ".".join(reference.split(".")[:2])
        name = scope.prefix, resource.address if resource is not None else "", reference
        if name not in self._are_known:
            self._are_known[name] = False
            self._are_known[name] = self._is_known(scope, resource, reference, depth)
        return self._are_known[name]

    def _is_known(self, scope: _Scope, resource: json_format.ConfigResource | None, reference: str, depth: int) -> bool:
        step = self._step(scope, resource, reference)
        if step is None:
            return False
        if isinstance(step, str):
            return scope.prefix + step not in self._instances
        inner, owner, expression = step
        if expression.impure:
            return False
        return all(
            self._is_reference_known(inner, owner, reference, depth + 1)
            for reference in _longest(expression.references)
        )

    # --- where values come from --------------------------------------------------------------------------------------

    def _origins(self, block: str) -> Iterator[tuple[str, tuple[Origin, ...]]]:
        scope, resource = self._find(block)
        if scope is None or resource is None:
            return
        dynamic = scope.source.dynamic.get(resource.address, {}) if scope.source is not None else {}
        for name in {**resource.expressions, **dynamic}:
            references = [*_references(resource.expressions.get(name)), *dynamic.get(name, Expression()).references]
            origins = dict.fromkeys(
                o for reference in _longest(references) for o in self._ends(scope, resource, reference, 0)
            )
            further = [o for origin in origins for o in self._through(origin, block)]
            if origins:
                yield name, tuple(dict.fromkeys((*origins, *further)))

    def _through(self, origin: Origin, block: str) -> Iterable[Origin]:
        """The object behind a resource that is named in its place: `bucket = aws_s3_bucket_versioning.a.id`."""
        if origin.block == block:
            return ()
        type_, attribute = origin.reference.partition(".")[0], origin.reference.rpartition(".")[2]
        argument = find_naming_argument(type_, attribute)
        if argument is None:
            return ()
        scope, resource = self._find(origin.block)
        if scope is None or resource is None:
            return ()
        references = _longest(_references(resource.expressions.get(argument)))
        return [o for reference in references for o in self._ends(scope, resource, reference, 0)]

    def _ends(
        self, scope: _Scope, resource: json_format.ConfigResource | None, reference: str, depth: int
    ) -> tuple[Origin, ...]:
        name = scope.prefix, resource.address if resource is not None else "", reference
        if depth > _DEEPEST:
            return ()
        if name not in self._all_ends:
            self._all_ends[name] = ()
            step = self._step(scope, resource, reference)
            if isinstance(step, str):
                self._all_ends[name] = (Origin(scope.prefix + step, reference),)
            elif step is not None:
                inner, owner, expression = step
                ends = (
                    o
                    for reference in _longest(expression.references)
                    for o in self._ends(inner, owner, reference, depth + 1)
                )
                self._all_ends[name] = tuple(dict.fromkeys(ends))
        return self._all_ends[name]

    def _plain(self, scope: _Scope, owner: str, attribute: str, expression: Any) -> str | None:
        """The one reference that an attribute is, as far as that can be seen."""
        if scope.source is not None:
            return scope.source.plain.get(owner, {}).get(attribute)
        references = _longest(_references(expression))
        return references[0] if len(references) == 1 else None

    def _trace(self, scope: _Scope, reference: str) -> Origin | None:
        for _ in range(_DEEPEST):
            first, _, rest = reference.removeprefix("resource.").partition(".")
            name = rest.partition(".")[0]
            following: str | None = None
            if first == "local":
                following = scope.source.plain.get("locals", {}).get(rest) if scope.source is not None else None
            elif first == "var" and scope.parent is not None:
                call = scope.parent.module.module_calls[scope.name]
                following = self._plain(scope.parent, f"module.{scope.name}", rest, call.expressions.get(rest))
                scope = scope.parent
            elif first == "module":
                name, _, output = rest.partition(".")
                inner = self._scopes.get(f"{scope.prefix}module.{name.partition('[')[0]}.")
                if inner is None or output not in inner.module.outputs:
                    return None
                following = self._plain(inner, f"output.{output}", "value", inner.module.outputs[output].expression)
                scope = inner
            else:
                block = _block(reference)
                return Origin(scope.prefix + block, reference) if block in scope.resources else None
            if following is None:
                return None
            reference = following
        return None

    def _resolve(self, scope: _Scope, resource: json_format.ConfigResource, value: Value) -> Value:
        if isinstance(value, Reference):
            end = self._trace(scope, value.name)
            return {"reference": end.reference} if end is not None and IDENTIFIER.fullmatch(end.reference) else UNKNOWN
        if isinstance(value, dict):
            return {name: self._resolve(scope, resource, item) for name, item in value.items()}
        return [self._resolve(scope, resource, item) for item in value] if isinstance(value, list) else value

    def _step(
        self, scope: _Scope, resource: json_format.ConfigResource | None, reference: str
    ) -> str | tuple[_Scope, json_format.ConfigResource | None, Expression] | None:
        """One step behind a reference: a block of this module, or the expression that it stands for and where that is
        written. None where it cannot be followed."""
        reference = reference.removeprefix("resource.")
        first, _, rest = reference.partition(".")
        name = rest.partition(".")[0].partition("[")[0]
        place = scope, resource
        match first:
            case _ if first in _ALWAYS_KNOWN:
                return (*place, Expression())
            case "each":
                return (*place, _of(resource.for_each_expression, False)) if resource is not None else None
            case "local":
                local = scope.source.locals.get(name) if scope.source is not None else None
                return (scope, None, local) if local is not None else None
            case "var":
                return self._variable(scope, name)
            case "module":
                return self._output(scope, name, rest)
        block = _block(reference)
        if block in scope.resources:
            return block
        if first in ("data", "ephemeral"):
            return None
        # The variable of a loop: the collection of the loop is a separate reference.
        return (*place, Expression())

    def _variable(
        self, scope: _Scope, name: str
    ) -> tuple[_Scope, json_format.ConfigResource | None, Expression] | None:
        if scope.parent is None:
            return scope, None, Expression()
        call = scope.parent.module.module_calls[scope.name]
        parent = scope.parent
        impure = parent.source is not None and f"module.{scope.name}" in parent.source.impure
        references = _references(call.expressions.get(name))
        references += _references(call.for_each_expression) if any(r.startswith("each.") for r in references) else []
        return parent, None, Expression(tuple(r for r in references if not r.startswith("each.")), impure)

    def _output(
        self, scope: _Scope, name: str, rest: str
    ) -> tuple[_Scope, json_format.ConfigResource | None, Expression] | None:
        inner = self._scopes.get(f"{scope.prefix}module.{name}.")
        if inner is None:
            return None
        named = [part for part in rest.split(".")[1:] if part in inner.module.outputs]
        outputs = named[:1] or list(inner.module.outputs)
        impure = inner.source is not None and any(f"output.{output}" in inner.source.impure for output in outputs)
        references = [r for output in outputs for r in _references(inner.module.outputs[output].expression)]
        return inner, None, Expression(tuple(references), impure)

    # --- places ------------------------------------------------------------------------------------------------------

    def _add(self, scope: _Scope) -> None:
        scope = _Scope(
            scope.prefix,
            scope.module,
            scope.source,
            scope.parent,
            scope.name,
            {resource.address: resource for resource in scope.module.resources},
        )
        self._scopes[scope.prefix] = scope
        for name, call in scope.module.module_calls.items():
            if call.module is not None:
                prefix = f"{scope.prefix}module.{name}."
                self._add(_Scope(prefix, call.module, self._source(prefix), scope, name))

    def _source(self, prefix: str) -> ModuleSource | None:
        if self._sources is None:
            return None
        key = ".".join(prefix.split(".")[1::2])
        return self._sources.modules.get(key, ModuleSource(opaque=True))

    def _find(self, block: str) -> tuple[_Scope | None, json_format.ConfigResource | None]:
        if block not in self._found:
            self._found[block] = self._look_up(block)
        return self._found[block]

    def _look_up(self, block: str) -> tuple[_Scope | None, json_format.ConfigResource | None]:
        parts = block.split(".")
        length = 0
        while parts[length : length + 1] == ["module"]:
            length += 2
        prefix = "".join(f"{part}." for part in parts[:length])
        scope = self._scopes.get(prefix)
        return scope, scope.resources.get(".".join(parts[length:])) if scope is not None else None


@dataclass(frozen=True, slots=True)
class _Constants:
    """The scope of a module without its instances: values that depend on an instance or a resource are unknown."""

    configured: Configured
    module: _Scope
    depth: int

    def value_of(self, word: str, name: str) -> Any:
        return self.configured.constant(self.module, word, name, self.depth + 1)

    def output(self, module: str, key: Any, name: str) -> Any:
        return UNKNOWN

    def loop(self, word: str, name: str) -> Any:
        return UNKNOWN

    def instances(self, block: str) -> bool | None:
        return None

    def exists(self, block: str, key: Any) -> bool:
        return True

    def attribute(self, block: str, reference: str, name: str) -> Any:
        return UNKNOWN

    def step(self) -> None:
        self.configured.count_step()


@dataclass(frozen=True, slots=True)
class _Here:
    """The place of an expression that is an attribute of `owner`, for following what it refers to."""

    configured: Configured
    scope: _Scope
    resource: json_format.ConfigResource | None
    owner: str
    depth: int

    def is_known(self, node: Node) -> bool:
        return self.configured.is_known_during_plan(self.scope, self.resource, expression_of(node))

    def constant(self, node: Node) -> Constant | None:
        value = self.configured.evaluate(self.scope, node, self.depth)
        return Constant(value) if value is not UNKNOWN else None

    def follow(self, names: tuple[str, ...], further: tuple[str | None, ...] = ()) -> Values:
        return self.configured.follow(self.scope, self.resource, self.owner, names, self.depth + 1, further)


def _unwrap(node: Node) -> Node:
    while node.type in ("expression", "collection_value") and len(node.named_children) == 1:
        node = node.named_children[0]
    return node


def _keys(name: str) -> Iterator[str | None]:
    """The keys that a name of a reference has with its indexes; None for an unknown one."""
    key, *indexes = name.replace("]", "").split("[")
    yield key
    for index in indexes:
        yield index.strip('"') if index.startswith('"') or index.isdigit() else None


def _traverse(node: Node) -> tuple[str, ...] | None:
    """The names of a reference that an expression is, and nothing else."""
    children = node.named_children
    if node.type != "expression" or not children or children[0].type != "variable_expr":
        return None
    if any(child.type not in ("get_attr", "index") for child in children[1:]):
        return None
    return tuple(steps_of("".join(text_of(child) for child in children)))


def _is_below(names: tuple[str, ...], paths: Collection[str]) -> bool:
    """Returns whether one of some dotted paths leads to a value or to an enclosing value."""
    return any(".".join(names[:length]) in paths for length in range(1, len(names) + 1))


def _of(value: Any, impure: bool) -> Expression:
    # A constant is known, whatever else its block contains.
    if isinstance(value, dict) and "constant_value" in value:
        return Expression()
    return Expression(tuple(_references(value)), impure)


def _references(expression: Any) -> list[str]:
    if isinstance(expression, dict):
        references = [r for r in expression.get("references", ()) if isinstance(r, str)]
        return references + [
            r for name, inner in expression.items() if name != "references" for r in _references(inner)
        ]
    if isinstance(expression, list):
        return [r for inner in expression for r in _references(inner)]
    return []


def _longest(references: Iterable[str]) -> list[str]:
    """Without those that are only the beginning of another: Terraform lists `a.b` beside `a.b.c`."""
    distinct = list(dict.fromkeys(references))
    if len(distinct) < 2:
        return distinct
    beginnings = {reference[: step.start()] for reference in distinct for step in _STEP.finditer(reference)}
    return [reference for reference in distinct if reference not in beginnings]


def _block(reference: str) -> str:
    parts = reference.split(".")
    length = 3 if parts[0] in ("data", "ephemeral") else 2
    return ".".join(parts[:length]).partition("[")[0]
