"""Resource addresses, and the configuration blocks that they belong to."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

_INDEX = re.compile(r'\[(?:\d+|"(?:[^"\\]|\\.)*")\]', re.DOTALL)
_INDEX_PART = re.compile(r'[\[\]"]')

_MODES = {"data": "data", "ephemeral": "ephemeral"}
"""Prefixes of addresses other than managed resources, and their modes."""


@dataclass(frozen=True, slots=True)
class AddressParts:
    """The parts of a resource address: `module` is the address of its module, "" for the root module."""

    module: str
    mode: str
    type: str
    name: str
    index: str | int | None


def block_of(address: str) -> str:
    """Returns the block of an address: the address without indexes, which may contain any character."""
    if "[" not in address:
        return address
    short = _INDEX.sub("", address)
    if not _INDEX_PART.search(short):
        return short
    return "".join(character for character, is_inside in _characters(address) if not is_inside)


def type_of(address: str) -> str:
    """Returns the type in an address: `module.a["x"].aws_vpc.main[0]` is an aws_vpc."""
    parts = block_of(address).split(".")
    while len(parts) > 2 and parts[0] == "module":
        parts = parts[2:]
    return parts[1] if parts[0] == "data" and len(parts) > 1 else parts[0]


def parts_of(address: str) -> AddressParts | None:
    """Returns the parts of a resource address, or None if it is not a resource address."""
    steps = steps_of(address)
    module: list[str] = []
    while len(steps) > 2 and steps[0] == "module":
        module += steps[:2]
        steps = steps[2:]
    mode = "managed"
    if len(steps) == 3 and steps[0] in _MODES:
        mode = _MODES[steps[0]]
        steps = steps[1:]
    if len(steps) != 2 or not all(steps) or steps[0] == "module":
        return None
    name = block_of(steps[1])
    index = _index(steps[1][len(name) :])
    if index is _WRONG or not name or "[" in steps[0]:
        return None
    return AddressParts(".".join(module), mode, steps[0], name, index)


def address_of(parts: AddressParts) -> str:
    """Returns the address that Terraform writes for these parts."""
    word = next((f"{word}." for word, mode in _MODES.items() if mode == parts.mode), "")
    module = f"{parts.module}." if parts.module else ""
    return f"{module}{word}{parts.type}.{parts.name}{_index_text(parts.index)}"


_WRONG = "\0"
"""Placeholder for an unreadable index: no key of Terraform contains it."""


def _index(text: str) -> str | int | None:
    if not text:
        return None
    if re.fullmatch(r"\[\d{1,18}\]", text):
        return int(text[1:-1])
    try:
        index = json.loads(text[1:-1])
    except ValueError:
        return _WRONG
    return index.replace("$${", "${").replace("%%{", "%{") if isinstance(index, str) else _WRONG


def _index_text(index: str | int | None) -> str:
    if index is None:
        return ""
    if isinstance(index, int):
        return f"[{index}]"
    text = json.dumps(index, ensure_ascii=False).replace("${", "$${").replace("%{", "%%{")
    return f"[{text}]"


def steps_of(address: str) -> list[str]:
    """Returns the parts of an address or a reference, split at the dots outside indexes."""
    steps = [""]
    for character, is_inside in _characters(address):
        if character == "." and not is_inside:
            steps.append("")
        else:
            steps[-1] += character
    return steps


def _characters(address: str) -> Iterator[tuple[str, bool]]:
    """Yields every character, and whether it is part of an index; a bracket is part of its index."""
    depth, quoted, escaped = 0, False, False
    for character in address:
        is_inside = depth > 0 or quoted or character in '"[]'
        if quoted:
            escaped, quoted = character == "\\" and not escaped, character != '"' or escaped
        elif character == '"':
            quoted = True
        elif character == "[":
            depth += 1
        elif character == "]":
            depth -= 1
        yield character, is_inside
