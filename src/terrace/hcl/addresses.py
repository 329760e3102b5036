"""Terraform's grammar of addresses: modules, resources, and their index keys. Text that is not of it is no address."""

from __future__ import annotations

import re
from dataclasses import dataclass

_IDENTIFIER = r"[^\W\d][\w-]*"
# In a quoted key `${` and `%{` would begin a template, so only their escaped forms are of the grammar.
_QUOTED = (
    r'"(?:\$\$\{|%%\{|[$%](?!\{)|\\(?:[nrt"\\]|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8})'
    r'|[^"\\$%\x00-\x1f\x7f\u0085\u2028\u2029])*"'
)
_KEY = rf"\[(?:0|[1-9][0-9]{{0,9}}|{_QUOTED})\]"
_RESERVED = "module|data|ephemeral|list|action|resource|var|local|each|count|self|path|terraform|output|provider"
_MODULE = rf"module\.{_IDENTIFIER}(?:{_KEY})?"
_OBJECT = rf"(?:(?:data|ephemeral|list|action)\.)?(?!(?:{_RESERVED})\.){_IDENTIFIER}\.{_IDENTIFIER}(?:{_KEY})?"

LONGEST = 4096
"""Characters of an address. Terraform has no limit; nobody writes longer ones."""

RESOURCE_PATTERN = rf"\A(?:{_MODULE}\.)*{_OBJECT}\Z"
"""An object of a resource or data source, wherever its module is."""

ADDRESS_PATTERN = rf"\A(?:(?:{_MODULE}\.)*{_OBJECT}|{_MODULE}(?:\.{_MODULE})*)\Z"
"""An object, or a module."""

SIGHTED_PATTERN = rf"\A(?:(?:{_MODULE}\.)*{_OBJECT}|output\.{_IDENTIFIER})\Z"
"""An object, or an output of the root module."""

_RESOURCE = re.compile(RESOURCE_PATTERN)
_ADDRESS = re.compile(ADDRESS_PATTERN)
_TOKEN = re.compile(rf"(?P<key>{_KEY})|(?P<name>{_IDENTIFIER})|(?P<dot>\.)")


@dataclass(frozen=True, slots=True)
class Part:
    """One name of an address with the key that follows it, as Terraform writes it with its brackets; "" without."""

    name: str
    key: str = ""


@dataclass(frozen=True, slots=True)
class Address:
    """A parsed address. `str` writes it from its parts, exactly as HCL and Terraform read it."""

    parts: tuple[Part, ...]

    @property
    def is_module(self) -> bool:
        """Whether it names a module and no object in one."""
        return len(self.parts) % 2 == 0 and all(part.name == "module" for part in self.parts[::2])

    def __str__(self) -> str:
        return ".".join(part.name + part.key for part in self.parts)


def parse_address(text: str) -> Address | None:
    """The address that a text is; None where it is none."""
    if len(text) > LONGEST or _ADDRESS.match(text) is None:
        return None
    parts: list[Part] = []
    for token in _TOKEN.finditer(text):
        if token["name"]:
            parts.append(Part(token["name"]))
        elif token["key"]:
            parts[-1] = Part(parts[-1].name, token["key"])
    return Address(tuple(parts))


def parse_resource(text: str) -> Address | None:
    """The address of an object that a text is; None where it is none, or one of a module."""
    return parse_address(text) if _RESOURCE.match(text[: LONGEST + 1]) else None


def parse_written(text: str) -> Address | None:
    """The address that an expression in HCL is, where blanks may stand around dots and brackets; None where none."""
    return parse_address(_BLANKS.sub(r"\1", text.strip()))


_BLANKS = re.compile(rf"({_QUOTED})|[ \t]+(?=[.\[\]])|(?<=[.\[])[ \t]+")
