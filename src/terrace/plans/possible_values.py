"""The possible values of an unknown expression at apply, derived from its text.

Terraform says of such a value only that it is unknown. The result says if a value is certainly that of one block, or
certainly neither null nor empty; otherwise it says nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING, Any, Protocol

from terrace.hcl.syntax import text_of

if TYPE_CHECKING:
    from tree_sitter import Node


class Kind(Enum):
    """A value that does not come from another block: certainly not empty, certainly null or empty, or anything."""

    FILLED = "filled"
    EMPTY = "empty"
    ANYTHING = "anything"


@dataclass(frozen=True, slots=True)
class ValueOf:
    """The value of an attribute of a block, unchanged, with the reference as its module writes it.

    `is_filled` says that it is never null or empty, `several` that it is a list of such values, one for each instance.
    """

    block: str
    reference: str
    is_filled: bool
    several: bool = False


@dataclass(frozen=True, slots=True)
class Constant:
    """A value that the configuration alone gives, as JSON data."""

    value: Any


Values = frozenset[ValueOf | Kind]
"""Everything that an expression may give: it gives one of these."""

ANYTHING: Values = frozenset({Kind.ANYTHING})
FILLED: Values = frozenset({Kind.FILLED})
EMPTY: Values = frozenset({Kind.EMPTY})


class Place(Protocol):
    """The place of an expression."""

    def is_known(self, node: Node) -> bool:
        """Returns whether Terraform knows the value of a part of the expression during the plan."""
        ...

    def constant(self, node: Node) -> Constant | None:
        """The value of a part of the expression, where it can be evaluated here."""
        ...

    def follow(self, names: tuple[str, ...]) -> Values:
        """Returns the possible values of a reference. Each name has its index behind it, as it is written: `a["k"]`."""
        ...


def is_filled(values: Values) -> bool:
    """Returns whether each of them is certain to be neither null nor empty."""
    return bool(values) and all(
        value is Kind.FILLED or (isinstance(value, ValueOf) and value.is_filled) for value in values
    )


def the_one(values: Values) -> ValueOf | None:
    """The value of one block, if it is certain to be that."""
    value = next(iter(values)) if len(values) == 1 else None
    return value if isinstance(value, ValueOf) and not value.several else None


def possible(node: Node, place: Place) -> Values:
    """Returns what an expression may give, given that its value is unknown when Terraform plans."""
    children = node.named_children
    match node.type:
        case "expression" | "literal_value" | "collection_value" | "template_expr" | "operation" if children:
            return _expression(children, place)
        case "string_lit" | "quoted_template":
            return _template(children, place)
        case "heredoc_template" | "numeric_lit" | "bool_lit" | "binary_operation" | "unary_operation":
            return FILLED
        case "null_lit":
            return EMPTY
        case "conditional" if len(children) == 3:
            return _conditional(children, place)
        case "function_call":
            return _call(node, place)
        case "tuple":
            return _collection(children, "expression")
        case "object":
            return _collection(children, "object_elem")
    return ANYTHING


def _collection(children: list[Node], kind: str) -> Values:
    if any(child.type.startswith("for_") for child in children):
        return ANYTHING
    return FILLED if any(child.type == kind for child in children) else EMPTY


def _expression(children: list[Node], place: Place) -> Values:
    first, *steps = children
    if first.type == "variable_expr":
        return _traversal(first, steps, place)
    if not steps:
        return possible(first, place)
    kinds = [step.type for step in steps]
    if first.type == "function_call" and kinds == ["index"]:
        return _single(first, _is_first(steps[0]), place)
    if first.type == "function_call" and kinds == ["splat"]:
        name, arguments = _function_call(first)
        inner = arguments[0].named_children if name == "values" and len(arguments) == 1 else []
        if inner and inner[0].type == "variable_expr":
            return _traversal(inner[0], [*inner[1:], *steps], place)
    return ANYTHING


def _template(children: list[Node], place: Place) -> Values:
    if any(child.type == "template_directive" for child in children):
        return ANYTHING
    if any(child.type == "template_literal" for child in children):
        return FILLED
    parts = [child for child in children if child.type == "template_interpolation"]
    inner = [node for part in parts for node in part.named_children if node.type == "expression"]
    if not inner:
        return EMPTY
    return possible(inner[0], place) if len(inner) == 1 else _fill_from(inner, place)


def _fill_from(nodes: Iterable[Node], place: Place) -> Values:
    """A value that is not empty where one of these is unknown and not empty."""
    unknown = [possible(node, place) for node in nodes if not place.is_known(node)]
    # Each is said to be filled if it is unknown, and one of them is: all must be.
    return FILLED if unknown and all(map(is_filled, unknown)) else ANYTHING


def _conditional(children: list[Node], place: Place) -> Values:
    condition, *branches = children
    decided = place.constant(condition)
    if decided is not None and isinstance(decided.value, bool):
        return possible(branches[0 if decided.value else 1], place)
    if place.is_known(condition):
        # Terraform chose already, and what it chose is unknown.
        branches = [branch for branch in branches if not place.is_known(branch)] or branches
    return _either(branches, place)


def _traversal(first: Node, steps: list[Node], place: Place) -> Values:
    names, several, is_open = [text_of(first)], False, False
    waiting = list(steps)
    while waiting:
        step = waiting.pop(0)
        if step.type == "get_attr":
            names += [text_of(child) for child in step.named_children]
        elif step.type == "index" and is_open:
            several = is_open = False
        elif step.type == "index" and not several:
            names[-1] += text_of(step)
        elif step.type == "splat" and not several and len(step.named_children) == 1:
            several = True
            inner = step.named_children[0]
            # `a[*].b[0]` is the first of each b, and `a.*.b[0]` the b of the first.
            is_open = inner.type == "attr_splat"
            waiting = [*inner.named_children, *waiting]
        else:
            return ANYTHING
    followed = place.follow(tuple(names))
    if not several:
        return followed
    return frozenset(
        replace(value, several=True) if isinstance(value, ValueOf) else Kind.ANYTHING for value in followed
    )


# --- functions -------------------------------------------------------------------------------------------------------

_SAME = frozenset({"sensitive", "nonsensitive", "tostring", "tolist", "toset", "distinct", "reverse", "sort"})
"""Functions that give what they are given, or a list of the same members."""

_FILLED = frozenset({"lower", "upper", "base64encode", "urlencode", "join", "format", "concat", "flatten"})
"""Functions whose result is not empty where one of their arguments is not."""

_ENCODED = frozenset({"jsonencode", "yamlencode"})


def _function_call(call: Node) -> tuple[str, list[Node]]:
    """The name of a function and its arguments; none if the passed arguments are unknown."""
    name, *rest = call.named_children
    argument_nodes = [
        argument for node in rest if node.type == "function_arguments" for argument in node.named_children
    ]
    return text_of(name), argument_nodes if all(node.type == "expression" for node in argument_nodes) else []


def _call(call: Node, place: Place) -> Values:
    name, arguments = _function_call(call)
    if not arguments:
        return ANYTHING
    if name in _SAME and len(arguments) == 1:
        return possible(arguments[0], place)
    if name in ("one", "element"):
        return _member(arguments[0], name == "one" or _is_zero(arguments[-1]), place)
    if name == "try":
        # Every argument before the first unknown one failed, or its value would be known.
        return _either([node for node in arguments if not place.is_known(node)], place)
    if name == "coalesce":
        return _coalesce(arguments, place)
    if name in _ENCODED:
        return FILLED
    return _fill_from(arguments, place) if name in _FILLED else ANYTHING


def _either(nodes: Iterable[Node], place: Place) -> Values:
    return frozenset(value for node in nodes for value in possible(node, place)) or ANYTHING


def _coalesce(arguments: Iterable[Node], place: Place) -> Values:
    """The first value that is neither null nor empty: if all are, Terraform fails."""
    possible_values: set[ValueOf | Kind] = set()
    for node in arguments:
        # Every known value before an unknown one is empty, or it would be the value.
        values = possible(node, place) if not place.is_known(node) else EMPTY
        possible_values |= {replace(value, is_filled=True) for value in values if isinstance(value, ValueOf)}
        possible_values |= {Kind.FILLED for value in values if value in (Kind.FILLED, Kind.ANYTHING)}
        if is_filled(values):
            return frozenset(possible_values)
    return frozenset(possible_values | {Kind.FILLED})


def _is_zero(node: Node) -> bool:
    return text_of(node).strip() == "0"


def _is_first(index: Node) -> bool:
    return text_of(index).strip("[ ]") == "0"


def _single(call: Node, is_first: bool, place: Place) -> Values:
    """One member of the list that a function gives."""
    name, arguments = _function_call(call)
    if name == "concat":
        # The first member of all is one of the first unknown list: every list before it is empty.
        unknown = [node for node in arguments if not place.is_known(node)]
        is_sure = is_first and unknown and is_filled(possible(unknown[0], place))
        return _member(unknown[0], is_first, place) if is_sure else ANYTHING
    return _members(possible(call, place)) if name in _SAME else ANYTHING


def _member(node: Node, is_first: bool, place: Place) -> Values:
    inner = node
    while inner.type in ("expression", "collection_value") and len(inner.named_children) == 1:
        inner = inner.named_children[0]
    if inner.type == "function_call":
        return _single(inner, is_first, place)
    if inner.type == "tuple" and not any(child.type.startswith("for_") for child in inner.named_children):
        return _either(
            [node for node in inner.named_children if node.type == "expression" and not place.is_known(node)], place
        )
    return _members(possible(node, place))


def _members(values: Values) -> Values:
    """Returns the possible members of a value that has several."""
    return frozenset(
        replace(value, several=False) if isinstance(value, ValueOf) and value.several else Kind.ANYTHING
        for value in values
    )
