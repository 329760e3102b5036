"""A provider's schema as it goes over the wire, cut to the types that somebody needs. Pure, and never decoded whole.

Terraform's plugin protocol (docs/plugin-protocol/tfplugin5.proto and tfplugin6.proto in hashicorp/terraform) numbers
the fields of `GetProviderSchema.Response` alike in both versions; a map is a repeated message of key (1) and value (2).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

RESOURCES = 2
BY_TYPE = frozenset({RESOURCES, 3, 8, 9, 11})
"""Maps by type name: resources, data sources, ephemeral resources, list resources, actions. Every other field is kept
as it is: the provider's own schema, its capabilities, its functions, and whatever a later version adds."""

IDENTITIES = frozenset({1})
"""The one map of `GetResourceIdentitySchemas.Response`, by resource type."""

DIAGNOSTICS = 4
"""What the provider itself complains about, in the schema's answer."""


class BadSchema(Exception):
    """These bytes are not such an answer."""


@dataclass(frozen=True, slots=True)
class Schema:
    """An answer of a provider, taken apart at its first level. `types` are all type names that it knows."""

    _content: bytes = field(repr=False)
    _kept: tuple[tuple[int, int], ...]
    _entries: dict[str, tuple[tuple[int, int], ...]]

    @property
    def types(self) -> Collection[str]:
        return self._entries.keys()

    def cut(self, types: Collection[str]) -> bytes:
        """The same answer without the entries of other types; names that it does not know are no harm."""
        spans = [*self._kept, *(span for name in sorted(types) for span in self._entries.get(name, ()))]
        return b"".join(self._content[start:end] for start, end in spans)


def take_apart(content: bytes, maps: frozenset[int] = BY_TYPE) -> Schema:
    """Find the entries of an answer. Raises BadSchema when it cannot be one, or when it carries complaints."""
    kept: list[tuple[int, int]] = []
    entries: dict[str, tuple[tuple[int, int], ...]] = {}
    try:
        for number, start, inside, end in _fields(content):
            if number in maps:
                name = _key(content, inside, end)
                entries[name] = (*entries.get(name, ()), (start, end))
            elif number == DIAGNOSTICS and maps is BY_TYPE:
                raise BadSchema("the provider complains while it tells its schema")
            else:
                kept.append((start, end))
    except (IndexError, UnicodeDecodeError) as error:
        raise BadSchema("the schema breaks off, or is none") from error
    return Schema(content, tuple(kept), entries)


def entries(content: bytes, map_number: int) -> Iterator[tuple[str, int, int]]:
    """Key, and start and end of the value, of every entry of one map of an answer.

    Raises BadSchema, IndexError or UnicodeDecodeError for what is no such answer.
    """
    for number, _, inside, end in _fields(content):
        if number == map_number:
            name = _key(content, inside, end)
            for key, kind, start, stop in fields(content, inside, end):
                if key == 2 and kind == 2:
                    yield name, start, stop


def fields(content: bytes, start: int, end: int) -> Iterator[tuple[int, int, int, int]]:
    """Number, wire type, start and end of what is inside, of every field of one message."""
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
            raise BadSchema(f"a field of wire type {kind}, which no schema has")
        if at > end:
            raise BadSchema("the schema breaks off")
        yield tag >> 3, kind, inside, at


def _fields(content: bytes) -> Iterator[tuple[int, int, int, int]]:
    """Number, start, start of what is inside, end: of every field at the first level."""
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
            raise BadSchema(f"a field of wire type {tag & 7}, which no schema has")
        if at > len(content):
            raise BadSchema("the schema breaks off")
        yield tag >> 3, start, inside, at


def _key(content: bytes, start: int, end: int) -> str:
    """The key of a map's entry, which encoders write first; it may be left out when it is empty."""
    if start == end or content[start] != 0x0A:
        raise BadSchema("an entry without a name")
    length, at = number_at(content, start + 1)
    if at + length > end:
        raise BadSchema("a name breaks off")
    return content[at : at + length].decode()


def number_at(content: bytes, at: int) -> tuple[int, int]:
    """The number that begins at a place, and where it ends."""
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
