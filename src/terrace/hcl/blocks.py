"""Reads a configuration file as blocks with attributes, in the same form for native and JSON syntax.

JSON syntax does not distinguish nested blocks from attributes, so `Block.blocks` and `Block.attributes` both have them
there. Its lines are unknown.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

from terrace.hcl import syntax
from terrace.hcl.facts import Part, Template
from terrace.hcl.json_syntax import (
    CODE,
    COMMENT,
    as_list,
    bodies_of,
    merge_pairs,
    read_json,
    unwrap_interpolation,
    write_expression,
)
from terrace.hcl.literals import NotLiteral, dedent, read_literal, write_literal
from terrace.hcl.templates import UNKNOWN, template_of, template_of_text

if TYPE_CHECKING:
    from tree_sitter import Node

NAMED = frozenset({"variable", "output", "module", "resource", "data", "ephemeral"})
"""The types of blocks whose last label is a name that the module declares."""


class Expression(Protocol):
    """The value of an attribute. `line` counts from 1; 0 is unknown."""

    @property
    def line(self) -> int: ...

    @property
    def is_object(self) -> bool:
        """False for an expression that only has an object as an argument, such as a call of `merge`."""
        ...

    @property
    def can_be_blocks(self) -> bool:
        """Whether it can be nested blocks instead of an attribute: JSON syntax has one form for both."""
        ...

    def template(self) -> Template:
        """Returns the strings that it can produce."""
        ...

    def text(self) -> str | None:
        """Returns the string that it is, a heredoc too; None where it is anything else."""
        ...

    def source(self) -> str:
        """Returns it in native syntax: a literal as `terraform fmt` formats it, anything else as it is written."""
        ...

    def tree(self) -> Node:
        """Returns its syntax tree. That of an expression in JSON is of the same expression in native syntax."""
        ...

    def code(self) -> str:
        """Returns a reference, a type or a condition: without the quotes of JSON and of Terraform 0.11 around it."""
        ...

    def pairs(self) -> Iterable[tuple[str, Expression]]:
        """Returns the keys and values of the first object in it."""
        ...

    def items(self) -> Iterable[Expression]:
        """Returns the items of a list; none of anything else."""
        ...


class Block(Protocol):
    """A block, or a whole file. `type` is "" for a file. Lines count from 1; 0 is unknown."""

    @property
    def type(self) -> str: ...
    @property
    def labels(self) -> tuple[str, ...]: ...
    @property
    def line(self) -> int: ...
    @property
    def last_line(self) -> int: ...

    @property
    def attributes(self) -> Mapping[str, Expression]:
        """The expressions by name. Of an attribute that is set twice, the last one."""
        ...

    def source(self) -> str:
        """Returns it as it is written; in JSON syntax its body, as an object of native syntax."""
        ...

    def blocks(self, *types: str) -> Iterator[Block]:
        """Yields the nested blocks of these types, of every type where none is given."""
        ...


@dataclass(frozen=True, slots=True)
class File:
    """A file as far as it can be read. `error_line` is 0 where there is no error; `error` says what is wrong.

    `stray` is whether a file in JSON has something else than an object where its blocks should be.
    """

    root: Block
    error_line: int = 0
    error: str = ""
    stray: bool = False


def read_blocks(path: str, content: bytes) -> File:
    """Returns the blocks of a file, in JSON syntax where its name ends in `.json`. Never raises."""
    if path.endswith(".json"):
        return _read_json(content)
    root = syntax.parse(content).root_node
    if root.has_error:
        return File(NativeBlock(root), syntax.first_error(root), "there is a syntax error")
    return File(NativeBlock(root))


def expressions_of(block: Block) -> Iterator[Expression]:
    """Yields the expressions of a block and of all blocks within it, each once."""
    stack = [block]
    while stack:
        current = stack.pop()
        yield from current.attributes.values()
        # In JSON syntax nested blocks are attributes too.
        if not isinstance(current, JsonBlock):
            stack.extend(reversed(list(current.blocks())))


def _read_json(content: bytes) -> File:
    nothing = JsonBlock("", (), {})
    try:
        document = read_json(content, parse_float=Decimal)
    except UnicodeDecodeError as error:
        return File(nothing, content.count(b"\n", 0, error.start) + 1, "it is not UTF-8")
    except json.JSONDecodeError as error:
        return File(nothing, error.lineno, "it is not JSON")
    except (ValueError, RecursionError):
        return File(nothing, 1, "it cannot be read as JSON")
    bodies = [body for body in as_list(document) if isinstance(body, dict)]
    stray = len(bodies) < len(as_list(document))
    values = merge_pairs(pair for body in bodies for pair in body.items()) if len(bodies) > 1 else (*bodies, {})[0]
    return File(JsonBlock("", (), values), stray=stray)


class NativeExpression:
    """An expression of native syntax. `node` is its tree."""

    __slots__ = ("node",)

    can_be_blocks = False

    def __init__(self, node: Node) -> None:
        self.node = node

    @property
    def line(self) -> int:
        return syntax.line_of(self.node)

    @property
    def is_object(self) -> bool:
        return syntax.unwrap(self.node).type == "object"

    def template(self) -> Template:
        return template_of(self.node)

    def text(self) -> str | None:
        inner = syntax.unwrap(self.node)
        if inner.type == "heredoc_template":
            return _heredoc(inner)
        try:
            value = read_literal(inner)
        except (NotLiteral, RecursionError):
            return None
        return value if isinstance(value, str) else None

    def source(self) -> str:
        try:
            return write_literal(read_literal(self.node))
        except (NotLiteral, RecursionError):
            return dedent(syntax.text_of(self.node))

    def tree(self) -> Node:
        return self.node

    def code(self) -> str:
        text = self.text()
        return self.source() if text is None else text

    def pairs(self) -> Iterator[tuple[str, Expression]]:
        return ((key, NativeExpression(value)) for key, value in syntax.pairs(self.node))

    def items(self) -> Iterator[Expression]:
        inner = syntax.unwrap(self.node)
        children = inner.named_children if inner.type == "tuple" else ()
        return (NativeExpression(child) for child in children if child.type == "expression")


class NativeBlock:
    """A block of native syntax. `node` is its tree."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self.type, labels = syntax.head(node) if node.type == "block" else ("", [])
        self.labels = tuple(labels)

    @property
    def line(self) -> int:
        return syntax.line_of(self.node)

    @property
    def last_line(self) -> int:
        return self.node.end_point.row + 1

    @cached_property
    def attributes(self) -> Mapping[str, Expression]:
        return {name: NativeExpression(value) for name, value in syntax.attributes(self.node)}

    def source(self) -> str:
        return syntax.text_of(self.node)

    def blocks(self, *types: str) -> Iterator[Block]:
        return (block for block in map(NativeBlock, syntax.blocks(self.node)) if not types or block.type in types)


class JsonExpression:
    """An expression of JSON syntax. `value` is what JSON has for it; numbers with a fraction are Decimals. `is_code` is
    whether its strings are code, such as references, without `${}` around them.
    """

    __slots__ = ("is_code", "value")

    line = 0

    def __init__(self, value: Any, is_code: bool = False) -> None:
        self.value = value
        self.is_code = is_code

    @property
    def is_object(self) -> bool:
        return isinstance(self.value, dict)

    @property
    def can_be_blocks(self) -> bool:
        return any(isinstance(item, dict) for item in as_list(self.value))

    def template(self) -> Template:
        match self.value:
            case str():
                return template_of_text(self.value)
            case bool() | int() | Decimal():
                return (Part("text", self.source()),)
        return (UNKNOWN,)

    def text(self) -> str | None:
        return self.value if isinstance(self.value, str) else None

    def source(self) -> str:
        try:
            return write_literal(self.value)
        except (NotLiteral, RecursionError):
            return json.dumps(self.value, ensure_ascii=False, default=str)

    def tree(self) -> Node:
        return syntax.parse_expression(write_expression(self.value, is_code=self.is_code))

    def code(self) -> str:
        return unwrap_interpolation(self.value) if isinstance(self.value, str) else self.source()

    def pairs(self) -> Iterator[tuple[str, Expression]]:
        objects = (item for item in as_list(self.value) if isinstance(item, dict))
        return ((name, JsonExpression(value)) for item in objects for name, value in item.items())

    def items(self) -> Iterator[Expression]:
        return (JsonExpression(value, self.is_code) for value in (self.value if isinstance(self.value, list) else ()))


class JsonBlock:
    """A block of JSON syntax. `values` are its attributes and nested blocks."""

    line = last_line = 0

    def __init__(self, kind: str, labels: tuple[str, ...], values: dict[str, Any]) -> None:
        self.type, self.labels, self.values = kind, labels, values

    @cached_property
    def attributes(self) -> Mapping[str, Expression]:
        return {
            name: JsonExpression(value, name in CODE.get(self.type, ()))
            for name, value in self.values.items()
            if name != COMMENT
        }

    def source(self) -> str:
        return write_expression(self.values)

    def blocks(self, *types: str) -> Iterator[Block]:
        selected: Collection[str] = types or self.values
        for kind, value in self.values.items():
            if kind in selected and kind != COMMENT:
                for labels, values in bodies_of(kind, value):
                    yield JsonBlock(kind, labels, values)


class OverriddenBlock:
    """A block with that of an override file over it, whose attributes win, and whose nested blocks replace all others
    of their type."""

    def __init__(self, base: Block, over: Block) -> None:
        self._base, self._over = base, over
        self.type, self.labels, self.line, self.last_line = base.type, base.labels, base.line, base.last_line

    @cached_property
    def attributes(self) -> Mapping[str, Expression]:
        return {**self._base.attributes, **self._over.attributes}

    def source(self) -> str:
        return f"{self._base.source()}\n{self._over.source()}"

    def blocks(self, *types: str) -> Iterator[Block]:
        blocks = list(self._over.blocks(*types))
        replaced = {block.type for block in blocks}
        yield from blocks
        yield from (block for block in self._base.blocks(*types) if block.type not in replaced)


def _heredoc(node: Node) -> str | None:
    if any(child.type in ("template_interpolation", "template_directive") for child in node.named_children):
        return None
    first, *lines = syntax.text_of(node).split("\n")
    lines = lines[:-1]
    if first.startswith("<<-"):
        depth = min((len(line) - len(line.lstrip(" \t")) for line in lines if line.strip()), default=0)
        lines = [line[depth:] for line in lines]
    return "".join(f"{line}\n" for line in lines).replace("$${", "${").replace("%%{", "%{")
