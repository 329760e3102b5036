"""Reads HCL literals as JSON data, and writes such data as HCL, as `terraform fmt` formats it.

A literal is a scalar, or a list or map of literals.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from terrace.hcl.syntax import text_of, unwrap, walk

if TYPE_CHECKING:
    from tree_sitter import Node

_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}
_SHORT = {letter: name for name, letter in _ESCAPES.items()}
_ESCAPED = re.compile(r'\\(?:([nrt"\\])|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))|(\$|%)\4\{')
_BARE = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_TEMPLATE = re.compile(r"([$%]*)([$%])\{")
_NEGATIVE = r"-[0-9.]+([eE][+-]?[0-9]+)?"
_LARGEST = 400
"""Maximum exponent of a number that is written out: an exponent of a million would fill the memory."""


class NotLiteral(ValueError):
    """An expression is not a literal: it has references, calls or operators, or comments that a value would lose."""


def read_literal(expression: Node) -> Any:
    """Returns the value of a literal expression. Raises NoLiteral."""
    inner = unwrap(expression)
    match inner.type:
        case "string_lit" | "quoted_template":
            return _string(inner)
        case "bool_lit":
            return text_of(inner) == "true"
        case "null_lit":
            return None
        case "numeric_lit":
            return _number(text_of(inner))
        case "operation" if re.fullmatch(_NEGATIVE, text_of(inner)):
            return _number(text_of(inner))
        case "tuple":
            return [read_literal(item) for item in _items(inner, "tuple_start", "tuple_end")]
        case "object":
            return dict(_pair(item) for item in _items(inner, "object_start", "object_end"))
    raise NotLiteral


def write_literal(value: Any, indent: str = "") -> str:
    """Returns a value as HCL. `indent` is the indentation of its first line.

    Raises NoLiteral for what HCL has no literal of, and for a number too large to write out.
    """
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case Decimal() if value.is_finite() and abs(value.adjusted()) <= _LARGEST:
            return f"{value:f}"
        case str():
            return quote(value)
        case list():
            return f"[{', '.join(write_literal(item, indent) for item in value)}]"
        case dict() if value:
            inner = f"{indent}  "
            lines = align([(_key(name), write_literal(item, inner)) for name, item in value.items()], inner)
            return "\n".join(["{", *lines, f"{indent}}}"])
        case dict():
            return "{}"
    raise NotLiteral


def align(pairs: list[tuple[str, str]], indent: str) -> list[str]:
    """Returns lines `name = value` with aligned equals signs."""
    width = max((len(name) for name, _ in pairs), default=0)
    return [f"{indent}{name:<{width}} = {value}" for name, value in pairs]


def dedent(source: str) -> str:
    """Returns the source of an expression without the indentation that its lines after the first have in common."""
    first, *lines = source.split("\n")
    if not lines:
        return first.rstrip()
    closing = len(lines[-1]) - len(lines[-1].lstrip(" \t"))
    cut = min([closing, *(len(line) - len(line.lstrip(" \t")) for line in lines if line.strip())])
    return "\n".join([first.rstrip(), *(line[cut:].rstrip() for line in lines)])


def unescape(text: str) -> str:
    """Returns the text that a string literal is, from what is between its quotes."""
    return _ESCAPED.sub(_unescape, text)


def quote(text: str) -> str:
    """Returns a string literal of exactly this text: without templates and invisible characters.

    Raises NoLiteral for a lone surrogate, which is not a character.
    """
    return '"' + _TEMPLATE.sub(_escape_template, "".join(map(_escape_character, text))) + '"'


def _items(node: Node, *brackets: str) -> list[Node]:
    inner = [child for child in node.named_children if child.type not in brackets]
    # Anything else is a comment or a `for`.
    if any(child.type not in ("expression", "object_elem") for child in inner):
        raise NotLiteral
    return inner


def _pair(node: Node) -> tuple[str, Any]:
    if len(node.named_children) != 2:
        raise NotLiteral
    key, value = node.named_children
    name = text_of(key)
    if _BARE.fullmatch(name):
        return name, read_literal(value)
    literal = read_literal(key)
    if not isinstance(literal, str):
        raise NotLiteral
    return literal, read_literal(value)


def _string(node: Node) -> str:
    if any(n.type in ("template_interpolation", "template_directive") for n in walk(node)):
        raise NotLiteral
    return unescape(text_of(node)[1:-1])


def _number(text: str) -> int | Decimal:
    """Returns a number of HCL. Raises NoLiteral for one that is too large or too small to write out."""
    try:
        number = int(text) if re.fullmatch(r"-?[0-9]+", text) else Decimal(text)
    except (ValueError, ArithmeticError) as error:
        raise NotLiteral from error
    if isinstance(number, int):
        return number
    if not number.is_finite() or abs(number.adjusted()) > _LARGEST:
        raise NotLiteral
    return int(number) if "e" in text.lower() and number == number.to_integral_value() else number


def _unescape(match: re.Match[str]) -> str:
    if match[4]:
        return f"{match[4]}{{"
    if match[1]:
        return _ESCAPES[match[1]]
    number = int(match[2] or match[3], 16)
    # HCL refuses a number that no character has.
    return chr(number) if number < 0x110000 else "\ufffd"


def _escape_template(match: re.Match[str]) -> str:
    # Readers do not agree on a `$` before `$${`; by its number it is a letter to all of them.
    return f"{match[1]}\\u{ord(match[2]):04x}{{" if match[1] else f"{match[2] * 2}{{"


def _escape_character(c: str) -> str:
    if "\ud800" <= c <= "\udfff":
        raise NotLiteral
    if c in _SHORT:
        return f"\\{_SHORT[c]}"
    return c if c.isprintable() else f"\\u{ord(c):04x}" if ord(c) < 0x10000 else f"\\U{ord(c):08x}"


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else quote(name)
