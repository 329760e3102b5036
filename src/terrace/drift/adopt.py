"""The change of the configuration that makes Git say what is there: only where a value stands in the block itself."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from terrace.hcl.literals import NoLiteral, aligned, value_of, written
from terrace.hcl.syntax import attributes, blocks, head, line_of, parse
from terrace.plans.model import Masked, Unknown, Value
from terrace.plans.normalization import settled

if TYPE_CHECKING:
    from tree_sitter import Node

BY_PROVIDER = frozenset({"tags_all", "effective_labels", "terraform_labels"})
"""Attributes that providers make from others: whoever adopts those has adopted these."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """An attribute that is `after` outside and `before` in what was deployed. `told`: a deployment would set it, so
    that the configuration may say it even where it says nothing now."""

    attribute: str
    before: Value
    after: Value
    told: bool


@dataclass(frozen=True, slots=True)
class Written:
    """An attribute that the configuration says now as it is outside."""

    attribute: str
    line: int
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Left:
    """An attribute that a person must write, at that line, and why."""

    attribute: str
    line: int
    old: str
    new: str
    why: str


@dataclass(frozen=True, slots=True)
class Adoption:
    """A file with what could be written, and what could not."""

    content: bytes
    written: tuple[Written, ...]
    left: tuple[Left, ...]


def adopted(content: bytes, type_: str, name: str, wanted: Iterable[Wanted]) -> Adoption | None:
    """The file with the resource block as it is outside; None when the block is not in this file."""
    if _block(content, type_, name) is None:
        return None
    done: list[Written] = []
    left: list[Left] = []
    for one in wanted:
        block = _block(content, type_, name)
        assert block is not None, "what was written left the block in place"
        try:
            change = _change(block, one)
        except NoLiteral:
            change = _left(one, line_of(block), "what is there cannot be written as a plain value")
        if isinstance(change, Left):
            left.append(change)
            continue
        spans, line = change
        fresh = _replaced(content, spans)
        if _block(fresh, type_, name) is None or parse(fresh).root_node.has_error:
            left.append(_left(one, line, "it cannot be written without breaking the file"))
            continue
        content = fresh
        done.append(Written(one.attribute, line, shown(one.before), shown(one.after)))
    return Adoption(content, tuple(done), tuple(left))


def shown(value: Value) -> str:
    """A value for people; what is sensitive stays hidden."""
    try:
        return written(value)
    except NoLiteral:
        return repr(value) if isinstance(value, Masked | Unknown) else "(more than can be shown)"


Span = tuple[int, int, str]
"""Bytes from, to, and the text to put there."""


def _change(block: Node, wanted: Wanted) -> tuple[list[Span], int] | Left:
    if _hidden(wanted.after):
        return _left(wanted, line_of(block), "its value is sensitive")
    given = dict(attributes(block))
    if wanted.attribute in given:
        return _value(given[wanted.attribute], wanted)
    inner = [one for one in blocks(block) if head(one)[0] == wanted.attribute]
    if inner:
        return _nested(inner, wanted)
    if any(head(one) == ("dynamic", [wanted.attribute]) for one in blocks(block)):
        return _left(wanted, line_of(block), "its blocks are made by `dynamic`")
    if not wanted.told:
        return _left(wanted, line_of(block), "the block does not say it, and no deployment would set it")
    if _has_objects(wanted.after):
        return _left(wanted, line_of(block), "the block has none of these yet, and how they are written is not known")
    end = _end_of(block)
    return [(end, end, f"\n  {wanted.attribute} = {written(wanted.after, '  ')}\n")], line_of(block)


def _value(expression: Node, wanted: Wanted) -> tuple[list[Span], int] | Left:
    line = line_of(expression)
    try:
        there = value_of(expression)
        new = written(wanted.after, _indent(expression))
    except NoLiteral:
        return _left(wanted, line, "it is no plain value there but an expression")
    if settled(there, wanted.attribute) != settled(wanted.before, wanted.attribute):
        return _left(wanted, line, "the working tree says something else already than what is deployed")
    return [(expression.start_byte, expression.end_byte, new)], line


def _nested(found: list[Node], wanted: Wanted) -> tuple[list[Span], int] | Left:
    """Blocks instead of values, like the rules of a security group: all of them are written anew."""
    line = line_of(found[0])
    try:
        there = [_fields(block) for block in found]
    except NoLiteral:
        return _left(wanted, line, "its blocks hold more than plain values")
    before, after = wanted.before, wanted.after
    if not _are_objects(before) or not _are_objects(after) or any(_has_objects(v) for o in after for v in o.values()):
        return _left(wanted, line, "its blocks hold blocks")
    defaults = _defaults(there, before)
    if _as_set(_without(o, defaults) for o in before) != _as_set(_without(o, defaults) for o in there):
        return _left(wanted, line, "the working tree says something else already than what is deployed")
    texts = [_block_text(wanted.attribute, _without(o, defaults), _indent(found[0])) for o in after]
    spans = [(found[0].start_byte, found[0].end_byte, f"\n\n{_indent(found[0])}".join(texts))]
    return spans + [(_end_before(one), one.end_byte, "") for one in found[1:]], line


def _fields(block: Node) -> dict[str, Any]:
    bodies = [child for child in block.named_children if child.type == "body"]
    if any(child.type != "attribute" for body in bodies for child in body.named_children):
        raise NoLiteral
    return {name: value_of(value) for name, value in attributes(block)}


def _defaults(there: list[dict[str, Any]], before: list[dict[str, Any]]) -> dict[str, Any]:
    """What no block says and every object has: what the provider takes where nothing is said."""
    said = {name for fields in there for name in fields}
    first = before[0] if before else {}
    return {n: v for n, v in first.items() if n not in said and all(o.get(n) == v for o in before)}


def _without(fields: dict[str, Any], defaults: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value
        for name, value in fields.items()
        if settled(value) is not None and not (name in defaults and defaults[name] == value)
    }


def _as_set(objects: Iterable[dict[str, Any]]) -> list[str]:
    return sorted(repr(sorted(((n, settled(v, n)) for n, v in o.items()), key=lambda p: p[0])) for o in objects)


def _block_text(name: str, fields: dict[str, Any], indent: str) -> str:
    inner = f"{indent}  "
    lines = aligned([(field, written(value, inner)) for field, value in fields.items()], inner)
    return "\n".join([f"{name} {{", *lines, f"{indent}}}"])


def _block(content: bytes, type_: str, name: str) -> Node | None:
    for block in blocks(parse(content).root_node):
        if head(block) == ("resource", [type_, name]):
            return block
    return None


def _replaced(content: bytes, spans: list[Span]) -> bytes:
    for start, end, text in sorted(spans, reverse=True):
        content = content[:start] + text.encode() + content[end:]
    return content


def _end_of(block: Node) -> int:
    """Where the last line of a block begins."""
    return _line_start(next(child for child in reversed(block.children) if child.type == "block_end"))


def _end_before(block: Node) -> int:
    """Where what stands before a block ends."""
    before = block.prev_sibling
    return int(before.end_byte) if before is not None else _line_start(block)


def _line_start(node: Node) -> int:
    return int(node.start_byte - node.start_point[1])


def _indent(node: Node) -> str:
    """The indent of the line on which the attribute or block of a node begins."""
    above = node
    while above.type not in ("attribute", "block") and above.parent is not None:
        above = above.parent
    return " " * int(above.start_point[1])


def _hidden(value: Value) -> bool:
    if isinstance(value, dict):
        return any(_hidden(inner) for inner in value.values())
    if isinstance(value, list):
        return any(_hidden(inner) for inner in value)
    return isinstance(value, Masked | Unknown)


def _are_objects(value: Value) -> bool:
    return isinstance(value, list) and all(isinstance(item, dict) for item in value)


def _has_objects(value: Value) -> bool:
    return isinstance(value, list) and any(isinstance(item, dict) for item in value)


def _left(wanted: Wanted, line: int, why: str) -> Left:
    return Left(wanted.attribute, line, shown(wanted.before), shown(wanted.after), why)
