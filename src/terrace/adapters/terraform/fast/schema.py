"""An encoded provider schema, reduced to the needed types. Pure; the schema is never decoded completely.

Terraform's plugin protocol (docs/plugin-protocol/tfplugin5.proto and tfplugin6.proto in hashicorp/terraform) has the
same field numbers for `GetProviderSchema.Response` in both versions; a map is a repeated message of key (1) and value
(2).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

RESOURCES = 2
BY_TYPE = frozenset({RESOURCES, 3, 8, 9, 11})
"""Maps by type name: resources, data sources, ephemeral resources, list resources, actions. All other fields are kept
unchanged: the provider's own schema, its capabilities, its functions, and those of later versions."""

IDENTITIES = frozenset({1})
"""The only map of `GetResourceIdentitySchemas.Response`, by resource type."""

DIAGNOSTICS = 4
"""The field of diagnostics in the response."""


class BadSchema(Exception):
    """These bytes are not an encoded schema."""


@dataclass(frozen=True, slots=True)
class Schema:
    """A response of a provider, decoded at its first level. `types` are all type names in it."""

    _content: bytes = field(repr=False)
    _kept: tuple[tuple[int, int], ...]
    _entries: dict[str, tuple[tuple[int, int], ...]]

    @property
    def types(self) -> Collection[str]:
        return self._entries.keys()

    def cut(self, types: Collection[str]) -> bytes:
        """Returns the response without the entries of other types. Unknown names are ignored."""
        spans = [*self._kept, *(span for name in sorted(types) for span in self._entries.get(name, ()))]
        return b"".join(self._content[start:end] for start, end in spans)


def parse(content: bytes, maps: frozenset[int] = BY_TYPE) -> Schema:
    """Finds the entries of a response. Raises BadSchema where it is invalid or contains diagnostics."""
    ranges: list[tuple[int, int]] = []
    entries: dict[str, tuple[tuple[int, int], ...]] = {}
    try:
        for number, start, inside, end in _fields(content):
            if number in maps:
                name = _key(content, inside, end)
                entries[name] = (*entries.get(name, ()), (start, end))
            elif number == DIAGNOSTICS and maps is BY_TYPE:
                raise BadSchema("the provider's schema contains diagnostics")
            else:
                ranges.append((start, end))
    except (IndexError, UnicodeDecodeError) as error:
        raise BadSchema("the schema is truncated or invalid") from error
    return Schema(content, tuple(ranges), entries)


def entries(content: bytes, map_number: int) -> Iterator[tuple[str, int, int]]:
    """Yields the key, and start and end of the value, of every entry of one map of a response. Raises BadSchema,
    IndexError or UnicodeDecodeError for an invalid one.
    """
    for number, _, inside, end in _fields(content):
        if number == map_number:
            name = _key(content, inside, end)
            for key, kind, start, stop in fields(content, inside, end):
                if key == 2 and kind == 2:
                    yield name, start, stop


def fields(content: bytes, start: int, end: int) -> Iterator[tuple[int, int, int, int]]:
    """Yields number, wire type, start and end of the content of every field of a message."""
    at = start
    while at < end:
        tag, at = number_at(content, at)
        kind, inside = tag & 7, at
        if kind == 0:
            _, at = number_at(content, at)
        elif kind == 2:
            length, inside = number_at(content, at)
            at = inside + length
        else:
            raise BadSchema(f"unexpected wire type {kind} in the schema")
        if at > end:
            raise BadSchema("the schema is truncated")
        yield tag >> 3, kind, inside, at


def _fields(content: bytes) -> Iterator[tuple[int, int, int, int]]:
    """Yields number, start, start of the content, and end of every field at the first level."""
    at = 0
    while at < len(content):
        start = at
        tag, at = number_at(content, at)
        if tag & 7 == 0:
            inside = at
            _, at = number_at(content, at)
        elif tag & 7 == 2:
            length, inside = number_at(content, at)
            at = inside + length
        else:
            raise BadSchema(f"unexpected wire type {tag & 7} in the schema")
        if at > len(content):
            raise BadSchema("the schema is truncated")
        yield tag >> 3, start, inside, at


def _key(content: bytes, start: int, end: int) -> str:
    """Returns the key of a map entry, which encoders write first; an empty one can be omitted."""
    if start == end or content[start] != 0x0A:
        raise BadSchema("an entry without a name")
    length, at = number_at(content, start + 1)
    if at + length > end:
        raise BadSchema("a name is truncated")
    return content[at : at + length].decode()


def number_at(content: bytes, at: int) -> tuple[int, int]:
    """Returns the number at an offset, and its end."""
    value = shift = 0
    while True:
        byte = content[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7
        if shift > 63:
            raise BadSchema("a number that is too long")
