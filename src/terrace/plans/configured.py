"""Which attributes a configuration sets, and what the expressions that set them come from in the end.

A plan says "known only after apply" of two things: a value that the configuration computes from something new, and a
value that it does not set, so that the provider chooses. Only the first can be anything. An attribute is unset when no
expression, block or `dynamic` block sets it, or when all that its expression depends on is known: Terraform would show
the value then, so it is null.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from terrace.plans import wire
from terrace.plans.addresses import block_of
from terrace.plans.model import UNKNOWN, Path, Value
from terrace.plans.schemas import Unsettable, made_by_apply
from terrace.plans.sources import Expression, ModuleSource, Reference, Sources

_ALWAYS_KNOWN = frozenset({"path", "terraform", "count", "self"})
_IDENTIFIER = re.compile(r"(aws|azurerm)_\w+\.[\w-]+(\[[^\]]*\])?\.(id|arn|\w+_arn)")
"""A reference to what a provider gives a new object as its identifier: never empty, and never a pattern."""

_OF_A_BUCKET = re.compile(r"^aws_s3_bucket_\w+\..+\.(id|bucket)$")

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
    module: wire.ConfigModule
    source: ModuleSource | None
    parent: _Scope | None = None
    name: str = ""
    resources: Mapping[str, wire.ConfigResource] = field(default_factory=dict)


class Configured:
    """The configuration of one plan. `sources` are its files; without them, as for a plan that came as JSON, what the
    JSON leaves out is taken for not there. `unsettable` are the paths that only the providers set."""

    def __init__(
        self, document: wire.Document, sources: Sources | None = None, unsettable: Unsettable | None = None
    ) -> None:
        self._sources = sources
        self._unsettable = unsettable or {}
        self._scopes: dict[str, _Scope] = {}
        self._add(_Scope("", document.configuration.root_module, self._source("")))
        self._instances = frozenset(block_of(r.address) for r in document.resources)
        self._unset: dict[str, dict[Path, bool]] = {}
        self._attributes: dict[str, Mapping[str, tuple[Origin, ...]]] = {}

    # --- questions ---------------------------------------------------------------------------------------------------

    def unset(self, resource: wire.Resource, unknown: Collection[Path]) -> tuple[Path, ...]:
        """Those of the unknown paths of an object that its configuration does not set, though it could.

        What a data source does not set is unknown until it is read: there is something to find, and no default.
        """
        if not unknown or resource.mode != "managed" or (self._sources is not None and not self._sources.whole):
            return ()
        block = block_of(resource.address)
        known = self._unset.setdefault(block, {})
        made = made_by_apply(resource.provider_name, resource.type, self._unsettable)
        found = []
        for path in unknown:
            names = tuple(part for part in path if isinstance(part, str))
            if names not in known:
                known[names] = not _is_below(names, made) and self._is_unset(block, names)
            if known[names]:
                found.append(path)
        return tuple(found)

    def origins(self, block: str) -> Mapping[str, tuple[Origin, ...]]:
        """What each attribute of a block comes from: through locals, arguments and outputs of modules."""
        if block not in self._attributes:
            self._attributes[block] = dict(self._origins(block))
        return self._attributes[block]

    def blocks(self) -> Iterator[str]:
        """Every resource and data block, with its module."""
        for prefix, scope in self._scopes.items():
            yield from (prefix + address for address in scope.resources)

    def document(self, block: str, attribute: str) -> Value:
        """The JSON that an attribute encodes; None where it is no such thing. What is no literal is UNKNOWN, and
        `{"reference": ...}` where it is an identifier that a provider makes of something new."""
        scope, resource = self._find(block)
        if scope is None or resource is None or scope.source is None:
            return None
        return self._resolved(scope, resource, scope.source.documents.get(resource.address, {}).get(attribute))

    def statements(self, block: str) -> tuple[Mapping[str, Value], ...]:
        """The `statement` blocks of a data source, as `document` tells values; empty where some of them are dynamic."""
        scope, resource = self._find(block)
        if scope is None or resource is None or scope.source is None:
            return ()
        return tuple(
            {name: self._resolved(scope, resource, value) for name, value in one.items()}
            for one in scope.source.statements.get(resource.address, ())
        )

    def traced(self, block: str, attribute: str) -> Origin | None:
        """The one block whose value an attribute is, unchanged: through locals, arguments and outputs of modules."""
        scope, resource = self._find(block)
        if scope is None or resource is None:
            return None
        reference = self._plain(scope, resource.address, attribute, resource.expressions.get(attribute))
        return self._trace(scope, reference) if reference else None

    # --- what is unset -----------------------------------------------------------------------------------------------

    def _is_unset(self, block: str, names: Path) -> bool:
        scope, resource = self._find(block)
        if scope is None or resource is None or not names or (scope.source is not None and scope.source.opaque):
            return False
        source = scope.source or ModuleSource()
        dynamic = source.dynamic.get(resource.address, {})
        inside: list[Any] = [resource.expressions]
        for name in names:
            if name in dynamic and not self._settled(scope, resource, dynamic[str(name)]):
                return False
            values = [one[name] for one in inside if isinstance(one, dict) and name in one]
            inside = []
            for value in values:
                if _is_expression(value):
                    # Without the text, a function of nothing but constants may be `timestamp`.
                    impure = resource.address in source.impure or (scope.source is None and value == {})
                    if not self._settled(scope, resource, _of(value, impure)):
                        return False
                else:
                    inside += value if isinstance(value, list) else [value]
        # A block that is there is set, whatever is in it.
        return not inside

    def _settled(self, scope: _Scope, resource: wire.ConfigResource | None, expression: Expression) -> bool:
        """Whether Terraform knows the value of an expression when it plans."""
        if expression.impure:
            return False
        return all(self._known(scope, resource, one, 0) for one in _longest(expression.references))

    def _known(self, scope: _Scope, resource: wire.ConfigResource | None, reference: str, depth: int) -> bool:
        if depth > _DEEPEST:
            return False
        if reference.startswith("module."):
            # Terraform names the module beside the output, so that whole modules cannot be told from single outputs.
            reference = ".".join(reference.split(".")[:2])
        found = self._step(scope, resource, reference)
        if found is None:
            return False
        if isinstance(found, str):
            return scope.prefix + found not in self._instances
        where, what, expression = found
        if expression.impure:
            return False
        return all(self._known(where, what, one, depth + 1) for one in _longest(expression.references))

    # --- where values come from --------------------------------------------------------------------------------------

    def _origins(self, block: str) -> Iterator[tuple[str, tuple[Origin, ...]]]:
        scope, resource = self._find(block)
        if scope is None or resource is None:
            return
        dynamic = scope.source.dynamic.get(resource.address, {}) if scope.source is not None else {}
        for name in {**resource.expressions, **dynamic}:
            told = [*_references(resource.expressions.get(name)), *dynamic.get(name, Expression()).references]
            found = dict.fromkeys(o for one in _longest(told) for o in self._ends(scope, resource, one, 0))
            further = [o for one in found for o in self._through(one, block)]
            if found:
                yield name, tuple(dict.fromkeys((*found, *further)))

    def _through(self, origin: Origin, block: str) -> Iterable[Origin]:
        """The bucket behind a resource that is named in its place: `bucket = aws_s3_bucket_versioning.a.id`."""
        if not _OF_A_BUCKET.search(origin.reference) or origin.block == block:
            return ()
        scope, resource = self._find(origin.block)
        if scope is None or resource is None:
            return ()
        told = _longest(_references(resource.expressions.get("bucket")))
        return [o for one in told for o in self._ends(scope, resource, one, 0)]

    def _ends(
        self, scope: _Scope, resource: wire.ConfigResource | None, reference: str, depth: int
    ) -> Iterator[Origin]:
        found = self._step(scope, resource, reference)
        if found is None or depth > _DEEPEST:
            return
        if isinstance(found, str):
            yield Origin(scope.prefix + found, reference)
            return
        where, what, expression = found
        for one in _longest(expression.references):
            yield from self._ends(where, what, one, depth + 1)

    def _plain(self, scope: _Scope, owner: str, attribute: str, expression: Any) -> str | None:
        """The one reference that an attribute is, as far as that can be seen."""
        if scope.source is not None:
            return scope.source.plain.get(owner, {}).get(attribute)
        told = _longest(_references(expression))
        return told[0] if len(told) == 1 else None

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

    def _resolved(self, scope: _Scope, resource: wire.ConfigResource, value: Value) -> Value:
        if isinstance(value, Reference):
            end = self._trace(scope, value.name)
            return {"reference": end.reference} if end is not None and _IDENTIFIER.fullmatch(end.reference) else UNKNOWN
        if isinstance(value, dict):
            return {name: self._resolved(scope, resource, one) for name, one in value.items()}
        return [self._resolved(scope, resource, one) for one in value] if isinstance(value, list) else value

    def _step(
        self, scope: _Scope, resource: wire.ConfigResource | None, reference: str
    ) -> str | tuple[_Scope, wire.ConfigResource | None, Expression] | None:
        """One step behind a reference: a block of this module, or the expression that it stands for and where that is
        written. None where it cannot be followed."""
        reference = reference.removeprefix("resource.")
        first, _, rest = reference.partition(".")
        name = rest.partition(".")[0].partition("[")[0]
        here = scope, resource
        match first:
            case _ if first in _ALWAYS_KNOWN:
                return (*here, Expression())
            case "each":
                return (*here, _of(resource.for_each_expression, False)) if resource is not None else None
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
        # The variable of a loop: what it runs over is a reference of its own.
        return (*here, Expression())

    def _variable(self, scope: _Scope, name: str) -> tuple[_Scope, wire.ConfigResource | None, Expression] | None:
        if scope.parent is None:
            return scope, None, Expression()
        call = scope.parent.module.module_calls[scope.name]
        parent = scope.parent
        impure = parent.source is not None and f"module.{scope.name}" in parent.source.impure
        told = _references(call.expressions.get(name))
        told += _references(call.for_each_expression) if any(r.startswith("each.") for r in told) else []
        return parent, None, Expression(tuple(r for r in told if not r.startswith("each.")), impure)

    def _output(
        self, scope: _Scope, name: str, rest: str
    ) -> tuple[_Scope, wire.ConfigResource | None, Expression] | None:
        inner = self._scopes.get(f"{scope.prefix}module.{name}.")
        if inner is None:
            return None
        wanted = [part for part in rest.split(".")[1:] if part in inner.module.outputs]
        outputs = wanted[:1] or list(inner.module.outputs)
        impure = inner.source is not None and any(f"output.{one}" in inner.source.impure for one in outputs)
        told = [r for one in outputs for r in _references(inner.module.outputs[one].expression)]
        return inner, None, Expression(tuple(told), impure)

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

    def _find(self, block: str) -> tuple[_Scope | None, wire.ConfigResource | None]:
        parts = block.split(".")
        length = 0
        while parts[length : length + 1] == ["module"]:
            length += 2
        prefix = "".join(f"{part}." for part in parts[:length])
        scope = self._scopes.get(prefix)
        return scope, scope.resources.get(".".join(parts[length:])) if scope is not None else None


def _is_below(names: tuple[str, ...], paths: Collection[str]) -> bool:
    """Whether one of some paths, with dots, is that of a value or of something around it."""
    return any(".".join(names[:length]) in paths for length in range(1, len(names) + 1))


def _is_expression(value: Any) -> bool:
    """Whether it is the expression of an attribute, and not a block with attributes of its own."""
    return isinstance(value, dict) and value.keys() <= {"references", "constant_value"}


def _of(value: Any, impure: bool) -> Expression:
    # What is constant is known, whatever else its block says.
    if isinstance(value, dict) and "constant_value" in value:
        return Expression()
    return Expression(tuple(_references(value)), impure)


def _references(expression: Any) -> list[str]:
    if isinstance(expression, dict):
        found = [r for r in expression.get("references", ()) if isinstance(r, str)]
        return found + [r for name, inner in expression.items() if name != "references" for r in _references(inner)]
    if isinstance(expression, list):
        return [r for inner in expression for r in _references(inner)]
    return []


def _longest(references: Iterable[str]) -> list[str]:
    """Without those that are only the beginning of another: Terraform lists `a.b` beside `a.b.c`."""
    found = list(dict.fromkeys(references))
    return [r for r in found if not any(o != r and o.startswith((f"{r}.", f"{r}[")) for o in found)]


def _block(reference: str) -> str:
    parts = reference.split(".")
    length = 3 if parts[0] in ("data", "ephemeral") else 2
    return ".".join(parts[:length]).partition("[")[0]
