"""Reads what the JSON of a plan leaves out of its configuration: locals, `dynamic` blocks, and documents of literals.

`show -json` gives the references of an expression, and neither the text nor the locals behind it; a `dynamic` block is
not in it at all. The saved plan carries the files themselves. An unreadable file is treated as if it set everything.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from terrace.hcl.blocks import Block, expressions_of, read_blocks
from terrace.hcl.blocks import Expression as Written
from terrace.hcl.literals import unescape
from terrace.hcl.syntax import attributes, parse, text_of, walk
from terrace.plans.model import UNKNOWN, Value
from terrace.plans.volatile_values import NO_CLOCK, Clock, read_clock

if TYPE_CHECKING:
    from tree_sitter import Node

Files = Mapping[str, Iterable[tuple[str, bytes]]]
"""The configuration files (name, content) of every module by its key: "" is the root, `a.b` is `module.a.module.b`."""

_IMPURE = re.compile(r"\b(timestamp|uuid|bcrypt)\b")
"""Functions whose result no plan knows though they refer to nothing."""

_SIGNS = ("jsonencode", "<<", '"{', '"[')
"""Parts of the text of a block with documents."""

_PRINCIPALS = ("principals", "not_principals")

_DEEPEST = 60
"""Documents that are nested deeper are not read."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A value of a document that is a reference, or a string that begins with one, and its origin."""

    name: str


@dataclass(frozen=True, slots=True)
class Expression:
    """The references of an expression, in the form of its module, and whether a plan may be unable to evaluate it
    although all of them are known (`impure`).
    """

    references: tuple[str, ...] = ()
    impure: bool = False

    def __or__(self, other: Expression) -> Expression:
        return Expression((*self.references, *other.references), self.impure or other.impure)


@dataclass(frozen=True, slots=True)
class ModuleSource:
    """One module's files. Blocks are named as in the plan: `aws_x.a`, `data.aws_x.a`, `module.m`, `output.o`.

    `dynamic` has the `dynamic` blocks within a block by their labels, `impure` the blocks that name an impure function,
    `documents` the attributes that encode an object as JSON, with UNKNOWN for values that are neither literals nor
    References. `plain` are attributes that are one reference and nothing else, `texts` all attributes as they are
    written; those of locals are below `locals`. `blocks` are resources and data sources as they are written.
    JSON syntax does not say what is an attribute and what are nested blocks: `undecided` has the text of what can be
    both, and `texts` that of all else.
    `statements` are the blocks of that name with their attributes, where none is dynamic. `opaque`: some of it could
    not be read.
    """

    locals: Mapping[str, Expression] = field(default_factory=dict)
    dynamic: Mapping[str, Mapping[str, Expression]] = field(default_factory=dict)
    impure: frozenset[str] = frozenset()
    documents: Mapping[str, Mapping[str, Value]] = field(default_factory=dict)
    plain: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    texts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    blocks: Mapping[str, str] = field(default_factory=dict)
    undecided: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    statements: Mapping[str, tuple[Mapping[str, Value], ...]] = field(default_factory=dict)
    opaque: bool = False


@dataclass(frozen=True, slots=True)
class Sources:
    """The files of a configuration by module key. `whole` is False if they could not be read. `clock` has the values
    that depend on the time or are random.
    """

    modules: Mapping[str, ModuleSource] = field(default_factory=dict)
    whole: bool = True
    clock: Clock = NO_CLOCK


UNREADABLE = Sources(whole=False)
"""Sources of a plan whose files could not be read: no attribute is treated as unset."""


def read_sources(files: Files) -> Sources:
    """Reads the files of a configuration."""
    lists = {key: list(content) for key, content in files.items()}
    return Sources({key: _module(content) for key, content in lists.items()}, clock=read_clock(lists))


def _module(files: list[tuple[str, bytes]]) -> ModuleSource:
    locals_: dict[str, Expression] = {}
    dynamic: dict[str, dict[str, Expression]] = {}
    documents: dict[str, dict[str, Value]] = {}
    plain: dict[str, dict[str, str]] = {}
    texts: dict[str, dict[str, str]] = {}
    whole: dict[str, str] = {}
    statements: dict[str, tuple[Mapping[str, Value], ...]] = {}
    undecided: dict[str, dict[str, str]] = {}
    impure: set[str] = set()
    opaque = False
    for name, content in files:
        file = read_blocks(name, content)
        opaque = opaque or file.error_line > 0 or file.stray
        for block in file.root.blocks():
            if block.type == "locals":
                for local, value in block.attributes.items():
                    locals_[local] = locals_.get(local, Expression()) | expression_of(value.tree())
                plain.setdefault("locals", {}).update(_plain(block))
                texts.setdefault("locals", {}).update(_texts(block))
                continue
            address = _address(block)
            if address is None:
                continue
            text = block.source()
            if _IMPURE.search(text):
                impure.add(address)
            if "dynamic" in text:
                attributes_of_address = dynamic.setdefault(address, {})
                for label, expression in _dynamic(block):
                    attributes_of_address[label] = attributes_of_address.get(label, Expression()) | expression
            plain.setdefault(address, {}).update(_plain(block))
            texts.setdefault(address, {}).update(_texts(block))
            if block.type in ("resource", "data"):
                whole[address] = text
                undecided[address] = dict(_undecided(block))
            if block.type == "data" and "dynamic" not in text:
                statements[address] = tuple(_statement(inner) for inner in block.blocks("statement"))
            if any(sign in text for sign in _SIGNS):
                documents.setdefault(address, {}).update(_documents(block))
    return ModuleSource(
        locals_, dynamic, frozenset(impure), documents, plain, texts, whole, undecided, statements, opaque
    )


def _address(block: Block) -> str | None:
    match block.type, block.labels:
        case "resource", (type_, name):
            return f"{type_}.{name}"
        case (("data" | "ephemeral") as kind, (type_, name)):
            return f"{kind}.{type_}.{name}"
        case (("module" | "output" | "variable") as kind, (name,)):
            return f"{kind}.{name}"
    return None


def _statement(block: Block) -> Mapping[str, Value]:
    """A statement of a policy document: its attributes, and those of its blocks `principals` and `not_principals`."""
    literals: dict[str, Value] = {
        name: _literal(value.tree(), 0) for name, value in block.attributes.items() if name not in _PRINCIPALS
    }
    for inner in block.blocks(*_PRINCIPALS):
        fields = {name: _literal(value.tree(), 0) for name, value in inner.attributes.items()}
        literals.setdefault(inner.type, []).append(fields)
    return literals


def _dynamic(block: Block) -> Iterator[tuple[str, Expression]]:
    stack = [block]
    while stack:
        current = stack.pop()
        if current.type == "dynamic" and current.labels:
            expression = Expression()
            for inner in expressions_of(current):
                expression |= expression_of(inner.tree())
            yield current.labels[0], Expression(tuple(dict.fromkeys(expression.references)), expression.impure)
        stack.extend(reversed(list(current.blocks())))


def expression_of(node: Node) -> Expression:
    """Returns the references of an expression."""
    return Expression(tuple(dict.fromkeys(_references(node))), _IMPURE.search(text_of(node)) is not None)


def _references(node: Node) -> Iterator[str]:
    """Every traversal below a node, as far as it goes by names: `aws_x.a.id`, `local.b`, `each.value.c`."""
    for inner in walk(node):
        children = inner.named_children
        for place, child in enumerate(children):
            if child.type != "variable_expr":
                continue
            words = [text_of(child)]
            for step in children[place + 1 :]:
                if step.type == "get_attr":
                    words += [text_of(c) for c in step.named_children]
                elif step.type == "index" and len(words) > 1:
                    words[-1] += text_of(step)
                else:
                    break
            if len(words) > 1:
                yield ".".join(words)


def _texts(block: Block) -> Iterator[tuple[str, str]]:
    return (
        (name, text_of(value.tree()))
        for name, value in block.attributes.items()
        if not _is_undecided(block, name, value)
    )


def _is_undecided(block: Block, name: str, value: Written) -> bool:
    return value.can_be_blocks and name != "for_each" and block.type in ("resource", "data")


def _undecided(block: Block) -> Iterator[tuple[str, str]]:
    return (
        (name, text_of(value.tree())) for name, value in block.attributes.items() if _is_undecided(block, name, value)
    )


@lru_cache(maxsize=4096)
def parse_expression(text: str) -> Node | None:
    """The expression of a text; None if it is not one."""
    content = f"x = {text}\n".encode("utf-8", "surrogateescape")
    return next((value for _, value in attributes(parse(content).root_node)), None)


@lru_cache(maxsize=512)
def parse_block(text: str) -> Block | None:
    """The block of a text in native syntax; None if it is not one."""
    return next(read_blocks("", text.encode("utf-8", "surrogateescape")).root.blocks(), None)


def _plain(block: Block) -> Iterator[tuple[str, str]]:
    for name, value in block.attributes.items():
        traversed = _traversal(value.tree())
        if traversed is not None:
            yield name, traversed


def _traversal(node: Node) -> str | None:
    """The reference that an expression is, and nothing else."""
    while node.type in ("expression", "template_expr", "quoted_template", "template_interpolation"):
        children = [c for c in node.named_children if not c.type.endswith(("_start", "_end"))]
        if len(children) != 1:
            break
        node = children[0]
    children = node.named_children
    plain = node.type == "expression" and children and children[0].type == "variable_expr"
    if not plain or any(c.type not in ("get_attr", "index") for c in children[1:]):
        return None
    return next(_references(node), None)


# --- documents -------------------------------------------------------------------------------------------------------

_GAP = "\ue000"
_HARMLESS = re.compile(r"(aws|azurerm)_\w+\.[\w-]+(\[[^\]]*\])?\.(arn|id)")
"""Values that can be part of a document's text without changing its structure: identifiers that a provider creates."""


def _documents(block: Block) -> Iterator[tuple[str, Value]]:
    for name, value in block.attributes.items():
        document = _document(_inner(value.tree()))
        if isinstance(document, dict | list):
            yield name, document


def _inner(node: Node) -> Node:
    while node.type in ("expression", "literal_value", "template_expr", "collection_value") and (
        len(node.named_children) == 1
    ):
        node = node.named_children[0]
    return node


def _document(node: Node) -> Value:
    if node.type in ("heredoc_template", "quoted_template"):
        return _of_text(node)
    if node.type != "function_call" or text_of(node.named_children[0]) != "jsonencode":
        return UNKNOWN
    arguments = [a for c in node.named_children[1:] if c.type == "function_arguments" for a in c.named_children]
    return _literal(arguments[0], 0) if len(arguments) == 1 else UNKNOWN


def _literal(node: Node, depth: int) -> Value:
    inner = _inner(node)
    if depth > _DEEPEST:
        return UNKNOWN
    match inner.type:
        case "string_lit" | "quoted_template":
            parts = [c for c in inner.named_children if c.type not in ("quoted_template_start", "quoted_template_end")]
            if all(c.type == "template_literal" for c in parts):
                return "".join(unescape(text_of(c)) for c in parts)
            first = _traversal(parts[0]) if parts[0].type == "template_interpolation" else None
            return Reference(first) if first is not None else UNKNOWN
        case "numeric_lit":
            return _number(text_of(inner))
        case "bool_lit":
            return text_of(inner) == "true"
        case "null_lit":
            return None
        case "tuple":
            if not any(c.type == "for_expr" for c in inner.named_children):
                return [_literal(c, depth + 1) for c in inner.named_children if c.type == "expression"]
        case "object":
            return _object(inner, depth)
        case _ if (reference := _traversal(inner)) is not None:
            return Reference(reference)
    return UNKNOWN


def _object(node: Node, depth: int) -> Value:
    values: dict[str, Value] = {}
    for element in node.named_children:
        if element.type != "object_elem":
            continue
        key, value = element.named_children[0], element.named_children[-1]
        inner = _inner(key)
        name = text_of(inner) if inner.type == "variable_expr" else _literal(key, depth + 1)
        if not isinstance(name, str):
            return UNKNOWN
        values[name] = _literal(value, depth + 1)
    return values


def _number(text: str) -> Value:
    try:
        return int(text)
    except ValueError:
        return UNKNOWN


def _of_text(node: Node) -> Value:
    """A string that is JSON with nothing but identifiers put into it."""
    is_quoted, text = node.type == "quoted_template", ""
    for part in node.named_children:
        if part.type == "template_literal":
            text += unescape(text_of(part)) if is_quoted else text_of(part)
        elif part.type == "template_interpolation":
            inside = "".join(text_of(c) for c in part.named_children if c.type == "expression")
            if not _HARMLESS.fullmatch(inside):
                return UNKNOWN
            text += f"{_GAP}{inside}{_GAP}"
        elif part.type == "template_directive":
            return UNKNOWN
    try:
        return _without_gaps(json.loads(text))
    except (ValueError, RecursionError):
        return UNKNOWN


def _without_gaps(value: Any) -> Value:
    if isinstance(value, dict):
        return UNKNOWN if any(_GAP in name for name in value) else {k: _without_gaps(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_without_gaps(item) for item in value]
    if not isinstance(value, str) or _GAP not in value:
        return value
    return Reference(value.split(_GAP)[1]) if value.startswith(_GAP) else UNKNOWN
