"""Reads the comments of a configuration file: in JSON syntax the properties `//` of its blocks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from terrace.hcl.blocks import Block, NativeBlock, read_blocks
from terrace.hcl.json_syntax import COMMENT, PlacedText, as_list, bodies_of, read_placed_json
from terrace.hcl.syntax import line_of, text_of, walk


@dataclass(frozen=True, slots=True)
class Comment:
    """One line of a comment, with the block that it is in or above.

    `block` has the type and labels of the outermost block that it is in, else of the next one; () where there is none.
    `first` and `last` are its lines; in JSON syntax they are unknown, and 0. `line` counts from 1.
    """

    text: str
    line: int
    block: tuple[str, ...] = ()
    first: int = 0
    last: int = 0


def read_comments(path: str, content: bytes) -> Iterator[Comment]:
    """Yields the comments of a file in their order, as far as it can be read. Never raises."""
    return _of_json(content) if path.endswith(".json") else _of_native(path, content)


def _of_native(path: str, content: bytes) -> Iterator[Comment]:
    root = read_blocks(path, content).root
    assert isinstance(root, NativeBlock), "a file in native syntax is a native block"
    tops = list(root.blocks())
    for node in walk(root.node):
        if node.type == "comment":
            for line, text in enumerate(text_of(node).split("\n"), line_of(node)):
                yield _place(text.removesuffix("*/").rstrip(), line, tops)


def _place(text: str, line: int, tops: list[Block]) -> Comment:
    for block in tops:
        if line <= block.last_line:
            return Comment(text, line, (block.type, *block.labels), block.line, block.last_line)
    return Comment(text, line)


def _of_json(content: bytes) -> Iterator[Comment]:
    try:
        documents = [item for item in as_list(read_placed_json(content)) if isinstance(item, dict)]
    except (ValueError, RecursionError):
        return
    for document in documents:
        yield from (Comment(text, text.line) for text in _texts(document))
        for kind, value in document.items():
            for labels, body in bodies_of(kind, value):
                yield from (Comment(text, text.line, (kind, *labels)) for text in _texts_below(body))


def _texts_below(body: object) -> Iterator[PlacedText]:
    stack = [body]
    while stack:
        item = stack.pop()
        if isinstance(item, dict):
            yield from _texts(item)
            stack.extend(reversed(item.values()))
        elif isinstance(item, list):
            stack.extend(reversed(item))


def _texts(body: dict[str, object]) -> Iterator[PlacedText]:
    return (text for text in as_list(body.get(COMMENT)) if isinstance(text, PlacedText))
