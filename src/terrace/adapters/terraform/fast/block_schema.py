"""Finds the attributes of a type that no configuration can set in an encoded provider schema. Pure.

`Schema`, `Schema.Block`, `Schema.Attribute`, `Schema.NestedBlock` and `Schema.Object` of Terraform's plugin protocol
have the same field numbers in versions 5 and 6; only 6 has nested attributes (`nested_type`).
"""

from __future__ import annotations

from collections.abc import Iterator

from terrace.adapters.terraform.fast.schema import RESOURCES, BadSchema, entries, fields, number_at

_DEEPEST = 20
"""Maximum depth of blocks and attributes that are read."""


def unsettable(content: bytes, types: frozenset[str]) -> dict[str, frozenset[str]]:
    """Returns, by resource type, the paths that only the provider sets, with dots and without indexes. `content` is a
    provider's encoded schema. Types that it does not have are left out. Raises BadSchema where it is not a schema.
    """
    attributes: dict[str, frozenset[str]] = {}
    try:
        for name, start, end in entries(content, RESOURCES):
            if name in types:
                block = [span for key, *span in _messages(content, start, end) if key == 2]
                attributes[name] = frozenset(
                    path for first, last in block for path in _block(content, first, last, "", 0)
                )
    except (IndexError, UnicodeDecodeError) as error:
        raise BadSchema("the schema is truncated or invalid") from error
    return attributes


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
    """Yields number, start and end of the content of every field with a length."""
    return ((key, first, last) for key, kind, first, last in fields(content, start, end) if kind == 2)
