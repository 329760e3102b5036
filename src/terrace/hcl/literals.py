"""HCL literals: scalars, and lists and maps of them, read as JSON data and written back as `terraform fmt` has them."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from terrace.hcl.syntax import everything, text_of

if TYPE_CHECKING:
    from tree_sitter import Node

_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}
_SHORT = {letter: name for name, letter in _ESCAPES.items()}
_ESCAPED = re.compile(r'\\(?:([nrt"\\])|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))|(\$|%)\4\{')
_BARE = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_TEMPLATE = re.compile(r"([$%]*)([$%])\{")


class NoLiteral(ValueError):
    """An expression that is not a value: it is made from something else, or has more in it than a value."""


def value_of(expression: Node) -> Any:
    """The value of a literal expression. Raises NoLiteral."""
    inner = expression
    while inner.type in ("expression", "literal_value", "collection_value", "template_expr"):
        if len(inner.named_children) != 1:
            raise NoLiteral
        inner = inner.named_children[0]
    match inner.type:
        case "string_lit" | "quoted_template":
            return _text(inner)
        case "bool_lit":
            return text_of(inner) == "true"
        case "null_lit":
            return None
        case "numeric_lit":
            return _number(text_of(inner))
        case "operation" if re.fullmatch(_NEGATIVE, text_of(inner)):
            return _number(text_of(inner))
        case "tuple":
            return [value_of(item) for item in _without(inner, "tuple_start", "tuple_end")]
        case "object":
            return dict(_element(item) for item in _without(inner, "object_start", "object_end"))
    raise NoLiteral


def written(value: Any, indent: str = "") -> str:
    """A value as HCL. `indent` is that of the line it begins on. Raises NoLiteral for what has no such form."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int() | Decimal():
            return f"{value:f}" if isinstance(value, Decimal) else str(value)
        case str():
            return quoted(value)
        case list():
            return f"[{', '.join(written(item, indent) for item in value)}]"
        case dict() if value:
            inner = f"{indent}  "
            lines = aligned([(_key(name), written(item, inner)) for name, item in value.items()], inner)
            return "\n".join(["{", *lines, f"{indent}}}"])
        case dict():
            return "{}"
    raise NoLiteral


def aligned(pairs: list[tuple[str, str]], indent: str) -> list[str]:
    """Lines `name = value` with the equals signs below each other."""
    width = max((len(name) for name, _ in pairs), default=0)
    return [f"{indent}{name:<{width}} = {value}" for name, value in pairs]


def _without(node: Node, *ends: str) -> list[Node]:
    inner = [child for child in node.named_children if child.type not in ends]
    # A comment in it, or a `for`: more than a value.
    if any(child.type not in ("expression", "object_elem") for child in inner):
        raise NoLiteral
    return inner


def _element(node: Node) -> tuple[str, Any]:
    if len(node.named_children) != 2:
        raise NoLiteral
    key, value = node.named_children
    name = text_of(key)
    if _BARE.fullmatch(name):
        return name, value_of(value)
    found = value_of(key)
    if not isinstance(found, str):
        raise NoLiteral
    return found, value_of(value)


def _text(node: Node) -> str:
    if any(n.type in ("template_interpolation", "template_directive") for n in everything(node)):
        raise NoLiteral
    return unescaped(text_of(node)[1:-1])


def unescaped(text: str) -> str:
    """What stands between the quotes of a literal, as the text that it means."""
    return _ESCAPED.sub(_unescaped, text)


def _unescaped(found: re.Match[str]) -> str:
    if found[4]:
        return f"{found[4]}{{"
    if found[1]:
        return _ESCAPES[found[1]]
    number = int(found[2] or found[3], 16)
    # No character has such a number: HCL refuses it.
    return chr(number) if number < 0x110000 else "\ufffd"


_NEGATIVE = r"-[0-9.]+([eE][+-]?[0-9]+)?"
_LARGEST = 400
"""How many zeros a number may stand for: it is written out where an edit needs it."""


def _number(text: str) -> int | Decimal:
    """A number of HCL. Raises NoLiteral for one that is too large or too small to write out."""
    try:
        found = int(text) if re.fullmatch(r"-?[0-9]+", text) else Decimal(text)
    except (ValueError, ArithmeticError) as error:
        raise NoLiteral from error
    if isinstance(found, int):
        return found
    if not found.is_finite() or abs(found.adjusted()) > _LARGEST:
        raise NoLiteral
    return int(found) if "e" in text.lower() and found == found.to_integral_value() else found


def quoted(text: str) -> str:
    """Text from outside as a string of HCL that holds exactly it: no template, and no character that shows nothing.

    Raises NoLiteral for a lone surrogate, which stands for no character.
    """
    return '"' + _TEMPLATE.sub(_no_template, "".join(map(_letter, text))) + '"'


def _no_template(found: re.Match[str]) -> str:
    # Readers do not agree on a `$` before `$${`; by its number it is a letter to all of them.
    return f"{found[1]}\\u{ord(found[2]):04x}{{" if found[1] else f"{found[2] * 2}{{"


def _letter(c: str) -> str:
    if "\ud800" <= c <= "\udfff":
        raise NoLiteral
    if c in _SHORT:
        return f"\\{_SHORT[c]}"
    return c if c.isprintable() else f"\\u{ord(c):04x}" if ord(c) < 0x10000 else f"\\U{ord(c):08x}"


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else quoted(name)
