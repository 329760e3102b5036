"""Reads Terraform's JSON syntax as Terraform does, and writes its values as expressions of native syntax."""

from __future__ import annotations

import json
import re
from bisect import bisect
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from typing import Any

LABELS = {
    "action": 2,
    "backend": 1,
    "check": 1,
    "data": 2,
    "dynamic": 1,
    "ephemeral": 2,
    "module": 1,
    "output": 1,
    "provider": 1,
    "resource": 2,
    "variable": 1,
}
"""How many labels a block of a type has. Blocks of other types have none."""

COMMENT = "//"
"""The name of properties that Terraform ignores in a block of JSON syntax: people write comments there."""

CODE = {
    "data": ("depends_on", "provider"),
    "dynamic": ("iterator",),
    "ephemeral": ("depends_on", "provider"),
    "lifecycle": ("ignore_changes", "replace_triggered_by"),
    "module": ("depends_on", "providers"),
    "output": ("depends_on",),
    "resource": ("depends_on", "provider"),
    "variable": ("type",),
}
"""The attributes of a block whose strings are references or types, not templates."""

_BEGIN = re.compile(r"(?P<escaped>\$\$\{|%%\{)|\$\{|%\{")
_LARGEST = 400
"""Maximum exponent of a number that is written out."""


def read_json(content: bytes | str, *, parse_float: Callable[[str], Any] = float) -> Any:
    """Returns the document. Of a name that an object has twice, it has all values in a list.

    Terraform reads every block of that name: the second must not hide the first.

    Raises ValueError where it is not JSON, and RecursionError where it is nested too deeply.
    """
    return json.loads(content, object_pairs_hook=merge_pairs, parse_float=parse_float)


class PlacedText(str):
    """A string with the line where it is in its file, from 1."""

    __slots__ = ("line",)

    line: int


def read_placed_json(content: bytes) -> Any:
    """Returns the document as `read_json` does, more slowly: each string that is a value is a PlacedText.

    Raises ValueError and RecursionError as `read_json` does.
    """
    text = content.decode()
    read_json(text)
    value, _ = _Scanner(text).scan(0)
    return value


class _Scanner:
    """Reads values of a valid document from their offsets on."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._breaks = [line_break.start() for line_break in re.finditer("\n", text)]
        self._decoder = json.JSONDecoder()

    def scan(self, offset: int) -> tuple[Any, int]:
        """Returns the next value and the offset after it."""
        begin = self._skip(offset)
        match self._text[begin]:
            case "{":
                return self._object(begin + 1)
            case "[":
                return self._array(begin + 1)
        value, end = self._decoder.raw_decode(self._text, begin)
        if isinstance(value, str):
            value = PlacedText(value)
            value.line = bisect(self._breaks, begin) + 1
        return value, end

    def _object(self, offset: int) -> tuple[dict[str, Any], int]:
        pairs = []
        offset = self._skip(offset)
        while self._text[offset] != "}":
            name, offset = self._decoder.raw_decode(self._text, offset)
            value, offset = self.scan(offset)
            pairs.append((name, value))
            offset = self._skip(offset)
        return merge_pairs(pairs), offset + 1

    def _array(self, offset: int) -> tuple[list[Any], int]:
        items = []
        offset = self._skip(offset)
        while self._text[offset] != "]":
            item, offset = self.scan(offset)
            items.append(item)
            offset = self._skip(offset)
        return items, offset + 1

    def _skip(self, offset: int) -> int:
        """Returns the offset of the next character that is not white space, a comma or a colon."""
        while self._text[offset] in " \t\r\n,:":
            offset += 1
        return offset


def merge_pairs(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Returns an object of these pairs, with all values in a list for a name that occurs twice."""
    values: dict[str, Any] = {}
    for name, value in pairs:
        values[name] = [*as_list(values[name]), *as_list(value)] if name in values else value
    return values


def as_list(value: Any) -> list[Any]:
    """Returns the items of a list; of anything else a list with it alone."""
    return value if isinstance(value, list) else [value]


def bodies_of(kind: str, value: Any) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    """Yields the labels and the body of every block of a type, from what its parent has under the name of that type."""
    return _bodies(value, (), LABELS.get(kind, 0))


def _bodies(value: Any, labels: tuple[str, ...], missing: int) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    for item in as_list(value):
        if not isinstance(item, dict):
            continue
        if missing:
            for label, inner in item.items():
                yield from _bodies(inner, (*labels, label), missing - 1)
        else:
            yield labels, item


def unwrap_interpolation(text: str) -> str:
    """Returns the expression that a string consists of: `${var.a}` is `var.a`, and a string without `${` is itself."""
    whole = text.startswith("${") and text.endswith("}") and _end(text, 2) == len(text)
    return text[2:-1] if whole else text


class _Code(str):
    """Text of native syntax, in contrast to a string that is a value."""

    __slots__ = ()


def write_expression(value: Any, *, is_code: bool = False) -> str:
    """Returns a value of JSON syntax as an expression of native syntax.

    A string is a template in both, and one that consists of an interpolation is its expression. With `is_code` a string
    is code in any case.
    """
    # A value can be nested more deeply than calls can be.
    pieces: list[str] = []
    stack: list[Any] = [value]
    while stack:
        item = stack.pop()
        match item:
            case _Code():
                pieces.append(item)
            case str():
                pieces.append(unwrap_interpolation(item) if is_code else _write_string(item))
            case list():
                stack.append(_Code("]"))
                for inner in reversed(item):
                    stack += (_Code(", "), inner)
                pieces.append("[")
            case dict():
                stack.append(_Code("}"))
                for name, inner in reversed(item.items()):
                    stack += (_Code(", "), inner, _Code(f"{_write_template(name)} = "))
                pieces.append("{ ")
            case Decimal():
                pieces.append(f"{item:f}" if abs(item.adjusted()) <= _LARGEST else json.dumps(str(item)))
            case _:
                pieces.append(json.dumps(item))
    return "".join(pieces)


def _write_string(text: str) -> str:
    code = unwrap_interpolation(text)
    # Line breaks are allowed within an interpolation only.
    return _write_template(text) if code is text or "\n" in code or not code.strip() else code.strip()


def _write_template(text: str) -> str:
    """Returns a template of JSON syntax as one of native syntax, which escapes nothing within `${}` and `%{}`."""
    pieces, end = [], 0
    for begin in _BEGIN.finditer(text):
        if begin.start() < end:
            continue
        pieces.append(_escape(text[end : begin.end()]))
        end = begin.end()
        if not begin["escaped"]:
            end = _end(text, end)
            pieces.append(text[begin.end() : end])
    return f'"{"".join(pieces)}{_escape(text[end:])}"'


def _end(text: str, begin: int) -> int:
    """Returns where the interpolation ends that begins there. Braces in its strings are balanced too."""
    depth = 1
    for place in range(begin, len(text)):
        depth += {"{": 1, "}": -1}.get(text[place], 0)
        if not depth:
            return place + 1
    return len(text)


def _escape(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)[1:-1].replace("\\b", " ").replace("\\f", " ")
