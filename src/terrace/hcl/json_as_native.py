"""Writes a configuration in Terraform's JSON syntax in its native syntax, for readers of expressions.

Texts are templates in both. What may be an attribute or a block in JSON becomes an attribute: its value is the same.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from terrace.hcl.terraform_json import read_terraform_json

LABELS = {"resource": 2, "data": 2, "ephemeral": 2, "module": 1, "output": 1, "variable": 1, "check": 1, "provider": 1}
"""How many labels a block of that name has; one of another name has none."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_DEEPEST = 100


def as_native(content: bytes) -> bytes:
    """Returns the same configuration in native syntax; nothing where the file cannot be read."""
    try:
        document = read_terraform_json(content, parse_float=str)
        lines = [line for one in _each(document) for line in _file(one)]
    except (ValueError, RecursionError):
        return b""
    return "".join(lines).encode("utf-8", "surrogateescape")


def _file(document: Any) -> Iterator[str]:
    for kind, value in document.items() if isinstance(document, dict) else ():
        if _NAME.fullmatch(kind):
            yield from _blocks(kind, (), value, LABELS.get(kind, 0))


def _blocks(kind: str, labels: tuple[str, ...], value: Any, wanted: int) -> Iterator[str]:
    """The blocks of a kind: one for each object, below as many labels as it has."""
    for one in _each(value):
        if not isinstance(one, dict):
            continue
        if len(labels) < wanted:
            for label, inner in one.items():
                if _NAME.fullmatch(label):
                    yield from _blocks(kind, (*labels, label), inner, wanted)
        else:
            yield f"{kind}{''.join(f' {json.dumps(label)}' for label in labels)} {{\n"
            yield from _body(one)
            yield "}\n"


def _body(values: dict[str, Any]) -> Iterator[str]:
    for name, value in values.items():
        if name == "dynamic":
            for one in _each(value):
                yield from _body(one if isinstance(one, dict) else {})
        elif name in ("lifecycle", "provisioner", "connection"):
            yield from _aside(name, value)
        elif _NAME.fullmatch(name):
            yield f"{name} = {_expression(value, 0)}\n"


def _aside(name: str, value: Any) -> Iterator[str]:
    for one in _each(value):
        ignored = one.get("ignore_changes") if isinstance(one, dict) else None
        names = "all" if ignored == "all" else f"[{', '.join(str(each) for each in _each(ignored or []))}]"
        yield f"{name} {{\n{f'ignore_changes = {names}{chr(10)}' if name == 'lifecycle' and ignored else ''}}}\n"


def _expression(value: Any, depth: int) -> str:
    if depth > _DEEPEST:
        raise RecursionError
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, list):
        return f"[{', '.join(_expression(one, depth + 1) for one in value)}]"
    if isinstance(value, dict):
        pairs = (f"{_text(name)} = {_expression(one, depth + 1)}" for name, one in value.items())
        return f"{{ {', '.join(pairs)} }}"
    return json.dumps(value)


def _text(text: str) -> str:
    """A template of JSON syntax as one of native syntax. What is inside of `${}` has no escapes there."""
    found, rest = "", text
    while (at := rest.find("${")) >= 0:
        literal = rest[:at]
        if literal.endswith("$"):
            found += _quoted(rest[: at + 2])
            rest = rest[at + 2 :]
            continue
        end = _end(rest, at + 2)
        found += _quoted(literal) + rest[at:end]
        rest = rest[end:]
    return f'"{found}{_quoted(rest)}"'


def _end(text: str, begin: int) -> int:
    """Where an interpolation ends that begins there. Braces in texts inside of it count too, as they come in pairs."""
    depth = 1
    for place in range(begin, len(text)):
        depth += {"{": 1, "}": -1}.get(text[place], 0)
        if not depth:
            return place + 1
    return len(text)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)[1:-1].replace("\\b", " ").replace("\\f", " ")


def _each(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
