"""HCL as a tree of nodes: what every reader of configuration walks along. Trees go on after syntax errors."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Node, Parser, Tree


@lru_cache(maxsize=1)
def parser() -> Parser:
    """The parser of HCL, loaded when first needed."""
    import tree_sitter
    import tree_sitter_hcl

    return tree_sitter.Parser(tree_sitter.Language(tree_sitter_hcl.language()))


_EXPONENT = re.compile(rb"(?<![\w.])(?<![A-Za-z_]-)\d+[eE][+-]?\d+(?![\w.])")
_PIECE = 4096


def parse(content: bytes) -> Tree:
    """The tree of a text. Its nodes give the text as it is.

    The grammar knows no number with an exponent and without a fraction, such as `1e3`: a text that has some is parsed
    with digits in their place, which are as long.
    """
    tree = parser().parse(content)
    if not tree.root_node.has_error:
        return tree
    shown = plain = _EXPONENT.sub(lambda number: b"0" * len(number[0]), content)
    if plain == content:
        return tree

    def read(offset: int, _: object) -> bytes:
        return shown[offset : offset + _PIECE]

    tree = parser().parse(read)
    # Nodes ask for their text when they are asked for it.
    shown = content
    return tree


def everything(root: Node) -> Iterator[Node]:
    """A node and all below it, in the order of the text."""
    stack = [root]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(reversed(node.named_children))


def blocks(node: Node) -> Iterator[Node]:
    """The blocks of a file or of a block."""
    for body in node.named_children:
        if body.type == "body":
            yield from (child for child in body.named_children if child.type == "block")


def head(block: Node) -> tuple[str, list[str]]:
    """What kind of block it is, and its labels."""
    words = [text_of(c).strip('"') for c in block.named_children if c.type in ("identifier", "string_lit")]
    return (words[0], words[1:]) if words else ("", [])


def attributes(block: Node) -> Iterator[tuple[str, Node]]:
    """The attributes of a block with their expressions."""
    for body in block.named_children:
        if body.type != "body":
            continue
        for child in body.named_children:
            if child.type == "attribute" and len(child.named_children) >= 2:
                yield text_of(child.named_children[0]), child.named_children[-1]


def text_of(node: Node) -> str:
    """The text of a node, bytes that are no UTF-8 kept as surrogates."""
    return (node.text or b"").decode("utf-8", "surrogateescape")


def line_of(node: Node) -> int:
    """The line where it begins, from 1."""
    return int(node.start_point[0]) + 1


def first_error(root: Node) -> int:
    """The line of the first syntax error in a tree that has one, from 1."""
    for node in _with_errors(root):
        if node.type == "ERROR" or node.is_missing:
            return line_of(node)
    return line_of(root)


def _with_errors(root: Node) -> Iterator[Node]:
    stack = [root]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(child for child in reversed(node.children) if child.has_error or child.is_missing)
