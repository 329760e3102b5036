"""Parses resource addresses and module addresses by Terraform's grammar, with their index keys."""

from __future__ import annotations

import re
from dataclasses import dataclass

_IDENTIFIER = r"[^\W\d][\w-]*"
# In a quoted key `${` and `%{` would begin a template, so the grammar has only their escaped forms.
_QUOTED = (
    r'"(?:\$\$\{|%%\{|[$%](?!\{)|\\(?:[nrt"\\]|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8})'
    r'|[^"\\$%\x00-\x1f\x7f\u0085\u2028\u2029])*"'
)
_KEY = rf"\[(?:0|[1-9][0-9]{{0,9}}|{_QUOTED})\]"
_RESERVED = "module|data|ephemeral|list|action|resource|var|local|each|count|self|path|terraform|output|provider"
_MODULE = rf"module\.{_IDENTIFIER}(?:{_KEY})?"
_OBJECT = rf"(?:(?:data|ephemeral|list|action)\.)?(?!(?:{_RESERVED})\.){_IDENTIFIER}\.{_IDENTIFIER}(?:{_KEY})?"

LONGEST = 4096
"""Maximum length of an address. Terraform has no limit, but real addresses are much shorter."""

RESOURCE_PATTERN = rf"\A(?:{_MODULE}\.)*{_OBJECT}\Z"
"""An instance of a resource or data source, in any module."""

ADDRESS_PATTERN = rf"\A(?:(?:{_MODULE}\.)*{_OBJECT}|{_MODULE}(?:\.{_MODULE})*)\Z"
"""A resource instance, or a module."""

SIGHTED_PATTERN = rf"\A(?:(?:{_MODULE}\.)*{_OBJECT}|output\.{_IDENTIFIER})\Z"
"""A resource instance, or an output of the root module."""

_RESOURCE = re.compile(RESOURCE_PATTERN)
_ADDRESS = re.compile(ADDRESS_PATTERN)
_TOKEN = re.compile(rf"(?P<key>{_KEY})|(?P<name>{_IDENTIFIER})|(?P<dot>\.)")


@dataclass(frozen=True, slots=True)
class Part:
    """One name of an address, with the index key after it in its brackets; "" where it has no key."""

    name: str
    key: str = ""


@dataclass(frozen=True, slots=True)
class Address:
    """A parsed address. `str` returns it as HCL and Terraform write it."""

    parts: tuple[Part, ...]

    @property
    def is_module(self) -> bool:
        """True for the address of a module, False for that of a resource."""
        return len(self.parts) % 2 == 0 and all(part.name == "module" for part in self.parts[::2])

    def __str__(self) -> str:
        return ".".join(part.name + part.key for part in self.parts)


def parse_address(text: str) -> Address | None:
    """Returns the address in a text; None where the text is not an address."""
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
    """Returns the address of a resource in a text; None where the text is anything else, such as a module address."""
    return parse_address(text) if _RESOURCE.match(text[: LONGEST + 1]) else None


def parse_reference(text: str) -> Address | None:
    """Returns the address in an HCL expression, which can have spaces around dots and brackets; None for others."""
    return parse_address(_BLANKS.sub(r"\1", text.strip()))


_BLANKS = re.compile(rf"({_QUOTED})|[ \t]+(?=[.\[\]])|(?<=[.\[])[ \t]+")
