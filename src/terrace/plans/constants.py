"""Evaluates what an expression says by itself: literals, variables, conditions of them. Functions hardly at all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from terrace.plans.addresses import steps_of
from terrace.stacks.literals import unescaped
from terrace.stacks.syntax import text_of

if TYPE_CHECKING:
    from tree_sitter import Node


@dataclass(frozen=True, slots=True)
class Constant:
    """A value that was evaluated, as JSON data."""

    value: Any


Lookup = Callable[[tuple[str, ...]], Constant | None]
"""Finds what a reference means, by its names with their indexes; None where that is not known here."""

_DEEPEST = 60


def constant(node: Node, lookup: Lookup, depth: int = 0) -> Constant | None:
    """Returns the value of an expression, None where it has to be asked of Terraform."""
    children = node.named_children
    if depth > _DEEPEST:
        return None
    match node.type:
        case "expression" | "literal_value" | "collection_value" | "template_expr" | "operation":
            return _inside(children, lookup, depth)
        case "string_lit" | "quoted_template":
            return _text(children, lookup, depth)
        case "null_lit":
            return Constant(None)
        case "bool_lit":
            return Constant(text_of(node) == "true")
        case "numeric_lit":
            return _number(text_of(node))
        case "conditional" if len(children) == 3:
            chosen = constant(children[0], lookup, depth + 1)
            if chosen is None or not isinstance(chosen.value, bool):
                return None
            return constant(children[1 if chosen.value else 2], lookup, depth + 1)
        case "unary_operation" if node.children and text_of(node.children[0]) == "!":
            value = _inside(children, lookup, depth)
            return Constant(not value.value) if value is not None and isinstance(value.value, bool) else None
        case "binary_operation":
            return _binary(node, lookup, depth)
        case "tuple" | "object":
            return _collection(node, lookup, depth)
        case "function_call" if text_of(node.named_children[0]) == "length":
            given = [one for part in children[1:] for one in part.named_children]
            value = constant(given[0], lookup, depth + 1) if len(given) == 1 else None
            is_counted = value is not None and isinstance(value.value, str | list | dict)
            return Constant(len(value.value)) if value is not None and is_counted else None
    return None


def _inside(children: Sequence[Node], lookup: Lookup, depth: int) -> Constant | None:
    if not children:
        return None
    if children[0].type == "variable_expr":
        if any(child.type not in ("get_attr", "index") for child in children[1:]):
            return None
        return lookup(tuple(steps_of("".join(text_of(child) for child in children))))
    return constant(children[0], lookup, depth + 1) if len(children) == 1 else None


def _text(children: Sequence[Node], lookup: Lookup, depth: int) -> Constant | None:
    parts = [child for child in children if child.type not in ("quoted_template_start", "quoted_template_end")]
    if all(child.type == "template_literal" for child in parts):
        return Constant("".join(unescaped(text_of(child)) for child in parts))
    inner = [one for one in parts[0].named_children if one.type == "expression"]
    is_alone = len(parts) == 1 and parts[0].type == "template_interpolation" and len(inner) == 1
    return constant(inner[0], lookup, depth + 1) if is_alone else None


def _number(text: str) -> Constant | None:
    try:
        return Constant(int(text))
    except ValueError:
        return None


def _collection(node: Node, lookup: Lookup, depth: int) -> Constant | None:
    children = node.named_children
    if any(child.type.startswith("for_") for child in children):
        return None
    if node.type == "tuple":
        members = [constant(one, lookup, depth + 1) for one in children if one.type == "expression"]
        return None if None in members else Constant([one.value for one in members if one is not None])
    found = {}
    for element in (child.named_children for child in children if child.type == "object_elem"):
        value = constant(element[-1], lookup, depth + 1)
        name = text_of(element[0]).strip('"')
        if value is None or not name.replace("-", "_").isidentifier():
            return None
        found[name] = value.value
    return Constant(found)


def _binary(node: Node, lookup: Lookup, depth: int) -> Constant | None:
    at = next((i for i, child in enumerate(node.children) if not child.is_named), None)
    if at is None:
        return None
    sign = text_of(node.children[at])
    sides = [[one for one in part if one.is_named] for part in (node.children[:at], node.children[at + 1 :])]
    one, other = (_inside(side, lookup, depth) for side in sides)
    values = [side.value for side in (one, other) if side is not None]
    if sign in ("&&", "||"):
        # One side may decide alone.
        if any(value is (sign == "||") for value in values):
            return Constant(sign == "||")
        return Constant(sign == "&&") if len(values) == 2 and all(isinstance(v, bool) for v in values) else None
    if len(values) < 2:
        return None
    if sign in ("==", "!="):
        are_equal = _are_equal(*values)
        return Constant(are_equal == (sign == "==")) if are_equal is not None else None
    if not all(type(value) is int for value in values):
        return None
    first, second = values
    return {
        ">": Constant(first > second),
        "<": Constant(first < second),
        ">=": Constant(first >= second),
        "<=": Constant(first <= second),
    }.get(sign)


def _are_equal(one: Any, other: Any) -> bool | None:
    """None where the types of variables may make equal what is written in different ways."""
    if one is None or other is None:
        return one is other
    return bool(one == other) if type(one) is type(other) and isinstance(one, str | bool | int) else None
