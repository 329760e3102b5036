"""Edits of terrace.yaml that keep everything else of the file as it is: comments, order, quotes."""

from __future__ import annotations

import re

from terrace.config.problems import Problem
from terrace.config.yaml_nodes import Mapping, Node, Scalar, Sequence, compose, find

_VALUE = re.compile(r"\"[^\"\n]*\"|'[^'\n]*'|[^\s,}\]#]+")


def replace_value(text: str, path: tuple[str, ...], value: str) -> str:
    """Returns the text with another value for the key at `path`. `value` is in the syntax of YAML.

    Raises ValueError if there is no single value on one line under that path.
    """
    node = find(_compose(text), *path)
    if not isinstance(node, Scalar):
        raise ValueError(f"no single value under {'.'.join(path)}")
    start = _offset(text, node)
    current = _VALUE.match(text, start)
    if current is None:
        raise ValueError(f"no single value under {'.'.join(path)}")
    return text[:start] + value + text[current.end() :]


def remove_key(text: str, key: str) -> str:
    """Returns the text without a key of the top level and its value; comments below the next key's line remain."""
    lines = text.splitlines(keepends=True)
    first = _line_of(text, key)
    if first is None:
        return text
    last = first + 1
    while last < len(lines) and (lines[last][:1].isspace() or lines[last].startswith(("-", "}", "]"))):
        last += 1
    while lines[last - 1].strip() == "" and last - 1 > first:
        last -= 1
    return "".join((*lines[:first], *lines[last:]))


def add_item(text: str, key: str, item: str) -> str:
    """Returns the text with `item` as the first item of the list under a key of the top level; adds the list if there
    is none."""
    node = find(_compose(text), key)
    if not isinstance(node, Sequence) or not node.items:
        rest = remove_key(text, key)
        return f"{rest.rstrip()}\n\n{key}: [{item}]\n" if rest.strip() else f"{key}: [{item}]\n"
    start = _offset(text, node.items[0])
    before = text[:start]
    if before.rstrip().endswith("["):
        return f"{before}{item}, {text[start:]}"
    # The new item gets a line of its own before the dash of the first one.
    dash = before.rindex("-")
    line = before.rindex("\n", 0, dash) + 1 if "\n" in before[:dash] else 0
    return f"{before[:line]}{before[line:dash]}- {item}\n{before[line:]}{text[start:]}"


def _compose(text: str) -> Node | None:
    problems: list[Problem] = []
    node = compose(text.encode(), "terrace.yaml", problems)
    if problems or not isinstance(node, Mapping):
        raise ValueError("not a valid file")
    return node


def _line_of(text: str, key: str) -> int | None:
    node = _compose(text)
    names = (name for name, _ in node.pairs) if isinstance(node, Mapping) else ()
    return next(((name.place.line or 1) - 1 for name in names if name.text == key), None)


def _offset(text: str, node: Node) -> int:
    lines = text.splitlines(keepends=True)
    line, column = node.place.line or 1, node.place.column or 1
    return sum(map(len, lines[: line - 1])) + column - 1
