"""Trees of native syntax, as tree-sitter parses them. Parsing continues after syntax errors."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Node, Parser, Tree

_WRAPPERS = frozenset({"expression", "literal_value", "collection_value", "template_expr"})


@lru_cache(maxsize=1)
def parser() -> Parser:
    """Returns the parser of HCL, which is loaded on first use."""
    import tree_sitter
    import tree_sitter_hcl

    return tree_sitter.Parser(tree_sitter.Language(tree_sitter_hcl.language()))


_EXPONENT = re.compile(rb"(?<![\w.])(?<![A-Za-z_]-)\d+[eE][+-]?\d+(?![\w.])")
_CHUNK = 4096


def parse(content: bytes) -> Tree:
    """Returns the tree of a text. Its nodes have the original text.

    The grammar does not accept numbers with an exponent but no fraction, such as `1e3`. A text with such numbers is
    parsed with zeros of the same length in their place.
    """
    tree = parser().parse(content)
    if not tree.root_node.has_error:
        return tree
    current = plain = _EXPONENT.sub(lambda number: b"0" * len(number[0]), content)
    if plain == content:
        return tree

    def read(offset: int, _: object) -> bytes:
        return current[offset : offset + _CHUNK]

    tree = parser().parse(read)
    # A node reads its text only on demand, so all nodes get the original after this.
    current = content
    return tree


def parse_expression(text: str) -> Node:
    """Returns the tree of an expression; of a text that is not one, a tree with errors or without expressions."""
    root = parse(f"x = {text}\n".encode("utf-8", "surrogateescape")).root_node
    return next((value for _, value in attributes(root)), root)


def walk(root: Node) -> Iterator[Node]:
    """Yields a node and all nodes below it, in the order of the text."""
    stack = [root]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(reversed(node.named_children))


def blocks(node: Node) -> Iterator[Node]:
    """Yields the blocks of a file or of a block."""
    for body in node.named_children:
        if body.type == "body":
            yield from (child for child in body.named_children if child.type == "block")


def head(block: Node) -> tuple[str, list[str]]:
    """Returns the type of a block and its labels."""
    words = [text_of(c).strip('"') for c in block.named_children if c.type in ("identifier", "string_lit")]
    return (words[0], words[1:]) if words else ("", [])


def attributes(block: Node) -> Iterator[tuple[str, Node]]:
    """Yields the attributes of a block with their expressions."""
    for body in block.named_children:
        if body.type != "body":
            continue
        for child in body.named_children:
            if child.type == "attribute" and len(child.named_children) >= 2:
                yield text_of(child.named_children[0]), child.named_children[-1]


def unwrap(expression: Node) -> Node:
    """Returns the node that an expression consists of; the innermost with several children where it is a compound."""
    node = expression
    while node.type in _WRAPPERS:
        children = node.named_children
        if len(children) != 1:
            break
        node = children[0]
    return node


def pairs(expression: Node) -> Iterator[tuple[str, Node]]:
    """Yields the keys and values of the first object in an expression: the expression itself, or an argument of it."""
    for node in walk(expression):
        if node.type == "object":
            for element in node.named_children:
                if element.type == "object_elem" and len(element.named_children) == 2:
                    key, value = element.named_children
                    yield text_of(key).strip('"'), value
            return


def function_name(call: Node) -> str:
    """Returns the name of the called function; `core::file` is `file`."""
    # The parser may take the namespace for names of their own.
    return text_of(call).partition("(")[0].strip().removeprefix("core::")


def arguments(call: Node) -> list[Node]:
    """Returns the arguments of a function call."""
    return [c for n in call.named_children if n.type == "function_arguments" for c in n.named_children]


def text_of(node: Node) -> str:
    """Returns the text of a node. Bytes that are not UTF-8 become surrogates."""
    return (node.text or b"").decode("utf-8", "surrogateescape")


def line_of(node: Node) -> int:
    """Returns the line where a node begins, from 1."""
    return int(node.start_point[0]) + 1


def first_error(root: Node) -> int:
    """Returns the line of the first syntax error in a tree with errors, from 1."""
    stack = [root]
    while stack:
        node = stack.pop()
        if node.type == "ERROR" or node.is_missing:
            return line_of(node)
        stack.extend(child for child in reversed(node.children) if child.has_error or child.is_missing)
    return line_of(root)
