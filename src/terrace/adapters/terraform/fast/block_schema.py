"""The attributes of one type in a provider's schema that no configuration can set, read from what it sent. Pure.

`Schema`, `Schema.Block`, `Schema.Attribute`, `Schema.NestedBlock` and `Schema.Object` of Terraform's plugin protocol
number these fields alike in versions 5 and 6; only 6 has attributes with attributes of their own (`nested_type`).
"""

from __future__ import annotations

from collections.abc import Iterator

from terrace.adapters.terraform.fast.schema import RESOURCES, BadSchema, entries, fields, number_at

_DEEPEST = 20
"""Blocks and attributes that are nested deeper are not read."""


def unsettable(content: bytes, types: frozenset[str]) -> dict[str, frozenset[str]]:
    """Returns by type of resource the paths that only the provider sets, with dots and without indexes.

    `content` is the answer of a provider to the question for its schemas. A type that it does not have is left out.
    Raises BadSchema where it is no such answer.
    """
    found: dict[str, frozenset[str]] = {}
    try:
        for name, start, end in entries(content, RESOURCES):
            if name in types:
                block = [span for key, *span in _messages(content, start, end) if key == 2]
                found[name] = frozenset(path for first, last in block for path in _block(content, first, last, "", 0))
    except (IndexError, UnicodeDecodeError) as error:
        raise BadSchema("the schema breaks off, or is none") from error
    return found


def _block(content: bytes, start: int, end: int, at: str, depth: int) -> Iterator[str]:
    for key, first, last in _messages(content, start, end):
        if key == 2:
            yield from _attribute(content, first, last, at, depth)
        elif key == 3 and depth < _DEEPEST:
            name, inner = "", None
            for inner_key, begin, stop in _messages(content, first, last):
                if inner_key == 1:
                    name = content[begin:stop].decode()
                elif inner_key == 2:
                    inner = begin, stop
            if inner is not None:
                yield from _block(content, *inner, f"{at}{name}.", depth + 1)


def _attribute(content: bytes, start: int, end: int, at: str, depth: int) -> Iterator[str]:
    name, nested, flags = "", None, {4: False, 5: False, 6: False}
    for key, kind, first, last in fields(content, start, end):
        if key == 1 and kind == 2:
            name = content[first:last].decode()
        elif key == 10 and kind == 2:
            nested = first, last
        elif key in flags and kind == 0:
            flags[key] = number_at(content, first)[0] != 0
    required, optional, computed = flags.values()
    if computed and not optional and not required:
        yield f"{at}{name}"
    elif nested is not None and depth < _DEEPEST:
        for key, first, last in _messages(content, *nested):
            if key == 1:
                yield from _attribute(content, first, last, f"{at}{name}.", depth + 1)


def _messages(content: bytes, start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Number, start and end of what is inside, of every field with a length."""
    return ((key, first, last) for key, kind, first, last in fields(content, start, end) if kind == 2)
