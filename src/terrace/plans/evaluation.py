"""Evaluates expressions as far as possible without a provider: only the parts that depend on a new resource stay
unknown.

Terraform gives up a whole block, list or document when a part of it is unknown; its other parts are in the
configuration. Unsupported expressions are UNKNOWN, and so is everything that uses them: a known result equals the value
in Terraform.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

from terrace.hcl.blocks import Block
from terrace.hcl.literals import unescape
from terrace.hcl.syntax import text_of
from terrace.plans.model import UNKNOWN

if TYPE_CHECKING:
    from tree_sitter import Node


class Fails(Exception):
    """An expression that Terraform cannot evaluate either: `try` takes the next one."""


@dataclass(frozen=True, slots=True)
class NewText:
    """A string that is certainly not empty and not a pattern: an identifier that a provider creates, or a string that
    contains one.

    `reference` is how its module names it, `address` the instance that it is of; `is_all` says that it is nothing else.
    """

    reference: str
    address: str
    is_all: bool = True


@dataclass(frozen=True, slots=True)
class Instances:
    """A resource or data source with all its instances, or one of them. `reference` is how it was named."""

    block: str
    reference: str


@dataclass(frozen=True, slots=True)
class Members:
    """A list with one value per instance: the number of instances is unknown here."""

    member: Any


@dataclass(frozen=True, slots=True)
class Encoded:
    """The text of a document in JSON."""

    document: Any


class TextSet(dict[str, str]):
    """A set of texts: a loop over it has the text as its key too."""


class Scope(Protocol):
    """The meaning of the names in an expression at its place."""

    def value_of(self, word: str, name: str) -> Any:
        """The value of a local or a variable: `word` is local or var."""
        ...

    def output(self, module: str, key: Any, name: str) -> Any:
        """An output of a module that is called here; `key` is its index, None where it has none."""
        ...

    def loop(self, word: str, name: str) -> Any:
        """`each.key`, `each.value` or `count.index`."""
        ...

    def instances(self, block: str) -> bool | None:
        """Whether a block of this module has instances; None if that is unknown."""
        ...

    def exists(self, block: str, key: Any) -> bool:
        """Returns whether a block has the instance with that key."""
        ...

    def attribute(self, block: str, reference: str, name: str) -> Any:
        """An attribute of an instance."""
        ...

    def step(self) -> None:
        """Counts one step. Raises TooLong where there were too many."""
        ...


class TooLong(Exception):
    """An evaluation that takes more steps than any configuration of people."""


Loops = Mapping[str, Any]
"""The variables of the loops around an expression."""


def evaluate(node: Node, scope: Scope, loops: Loops) -> Any:
    """Returns the value of an expression. Raises Fails where it has none, and TooLong."""
    scope.step()
    children = node.named_children
    match node.type:
        case "expression" | "literal_value" | "collection_value" | "template_expr" | "operation" | "for_expr":
            return _steps(children, scope, loops)
        case "string_lit" | "quoted_template" | "heredoc_template":
            return _template(node, scope, loops)
        case "null_lit":
            return None
        case "bool_lit":
            return text_of(node) == "true"
        case "numeric_lit":
            return _number(text_of(node))
        case "tuple":
            return [evaluate(child, scope, loops) for child in children if child.type == "expression"]
        case "object":
            return _object(children, scope, loops)
        case "conditional" if len(children) == 3:
            return _conditional(children, scope, loops)
        case "unary_operation":
            return _unary(node, scope, loops)
        case "binary_operation":
            return _binary(node, scope, loops)
        case "for_tuple_expr" | "for_object_expr":
            return _for(node, scope, loops)
        case "function_call":
            return _call(node, scope, loops)
    return UNKNOWN


def evaluate_block(block: Block, scope: Scope, loops: Loops) -> dict[str, Any]:
    """Returns what a block sets: attributes by name, inner blocks as lists by their kind."""
    values: dict[str, Any] = {name: whole(_try(value.tree(), scope, loops)) for name, value in block.attributes.items()}
    for inner in block.blocks():
        if inner.type == "dynamic" and inner.labels:
            _add(values, inner.labels[0], _dynamic(inner, inner.labels[0], scope, loops))
        else:
            _add(values, inner.type, [evaluate_block(inner, scope, loops)])
    return values


def whole(value: Any) -> Any:
    """Returns a value for other packages: internal placeholders become unknown."""
    if isinstance(value, TextSet):
        return sorted(value)
    if isinstance(value, dict):
        return {name: whole(item) for name, item in value.items()}
    if isinstance(value, list):
        return [whole(item) for item in value]
    return UNKNOWN if isinstance(value, Instances | Members) else value


def _try(node: Node, scope: Scope, loops: Loops) -> Any:
    try:
        return evaluate(node, scope, loops)
    except Fails:
        return UNKNOWN


def _add(values: dict[str, Any], kind: str, more: Any) -> None:
    known = values.get(kind, [])
    values[kind] = [*known, *more] if isinstance(known, list) and isinstance(more, list) else UNKNOWN


def _dynamic(block: Block, label: str, scope: Scope, loops: Loops) -> Any:
    arguments = block.attributes
    content = next(block.blocks("content"), None)
    if content is None or "for_each" not in arguments:
        return UNKNOWN
    name = arguments["iterator"].code() if "iterator" in arguments else label
    elements = _elements(_try(arguments["for_each"].tree(), scope, loops))
    if elements is None:
        return UNKNOWN
    return [evaluate_block(content, scope, {**loops, name: {"key": k, "value": v}}) for k, v in elements]


def _elements(value: Any) -> list[tuple[Any, Any]] | None:
    if isinstance(value, dict):
        return sorted(value.items())
    return list(enumerate(value)) if isinstance(value, list) else None


# --- references ------------------------------------------------------------------------------------------------------


def _steps(children: list[Node], scope: Scope, loops: Loops) -> Any:
    if not children:
        return UNKNOWN
    first, *rest = children
    if first.type == "variable_expr":
        value, rest = _base(text_of(first), rest, scope, loops)
    else:
        value = evaluate(first, scope, loops)
    for at, step in enumerate(rest):
        if step.type == "splat":
            return _splat(value, [*step.named_children[0].named_children, *rest[at + 1 :]], step, scope, loops)
        key = _key(step, scope, loops)
        if step.type == "index" and isinstance(value, Instances):
            value = _instance(value, key, text_of(step), scope)
        else:
            value = _into(value, key, scope)
    return value


def _instance(value: Instances, key: Any, text: str, scope: Scope) -> Any:
    if key is not UNKNOWN and not scope.exists(value.block, key):
        raise Fails
    return Instances(value.block, value.reference + text)


def _base(word: str, rest: list[Node], scope: Scope, loops: Loops) -> tuple[Any, list[Node]]:
    if word in loops:
        return loops[word], rest
    names = []
    for step in rest:
        if step.type != "get_attr" or not step.named_children:
            break
        names.append(text_of(step.named_children[0]))
    if word in ("local", "var") and names:
        return scope.value_of(word, names[0]), rest[1:]
    if word in ("each", "count") and names:
        return scope.loop(word, names[0]), rest[1:]
    if word == "module" and names:
        after, key = rest[1:], None
        if after and after[0].type == "index":
            key, after = _key(after[0], scope, loops), after[1:]
        if not after or after[0].type != "get_attr" or key is UNKNOWN:
            return UNKNOWN, []
        return scope.output(names[0], key, text_of(after[0].named_children[0])), after[1:]
    length = 2 if word in ("data", "ephemeral") else 1
    block = ".".join([word, *names[:length]])
    instances = scope.instances(block) if len(names) >= length else None
    if instances is None:
        return UNKNOWN, []
    if not instances and any(step.type != "splat" for step in rest[length : length + 1]):
        raise Fails
    return (Instances(block, block) if instances else []), rest[length:]


def _key(step: Node, scope: Scope, loops: Loops) -> Any:
    if step.type == "get_attr" and step.named_children:
        return text_of(step.named_children[0])
    if step.type == "index" and step.named_children and step.named_children[0].type == "new_index":
        return evaluate(step.named_children[0].named_children[0], scope, loops)
    return UNKNOWN


def _into(value: Any, key: Any, scope: Scope) -> Any:
    if value is UNKNOWN or key is UNKNOWN or isinstance(key, NewText):
        return UNKNOWN
    if isinstance(value, Instances):
        return scope.attribute(value.block, value.reference, key) if isinstance(key, str) else UNKNOWN
    if isinstance(value, Members):
        return value.member if isinstance(key, int) else UNKNOWN
    if isinstance(value, dict):
        if key not in value:
            raise Fails
        return value[key]
    if isinstance(value, list) and isinstance(key, int) and not isinstance(key, bool):
        if not 0 <= key < len(value):
            raise Fails
        return value[key]
    if value is None:
        raise Fails
    return UNKNOWN


def _splat(value: Any, rest: list[Node], step: Node, scope: Scope, loops: Loops) -> Any:
    if isinstance(value, Instances):
        if len(rest) != 1 or rest[0].type != "get_attr":
            return UNKNOWN
        return Members(_into(value, _key(rest[0], scope, loops), scope))
    if value is None:
        return []
    if isinstance(value, list):
        if step.named_children[0].type == "attr_splat" and any(node.type != "get_attr" for node in rest):
            return UNKNOWN
        items = []
        for item in value:
            inner = item
            for part in rest:
                inner = _into(inner, _key(part, scope, loops), scope)
            items.append(inner)
        return items
    return UNKNOWN


# --- values ----------------------------------------------------------------------------------------------------------


def _template(node: Node, scope: Scope, loops: Loops) -> Any:
    parts = [
        child
        for child in node.named_children
        if child.type in ("template_literal", "template_interpolation", "template_directive")
    ]
    if any(child.type == "template_directive" for child in parts):
        return UNKNOWN
    if node.type == "heredoc_template":
        # Indentation and line ends are removed from some of them.
        return UNKNOWN
    values: list[Any] = []
    content, at = node.text or b"", 1
    for part in parts:
        if part.type == "template_interpolation":
            # The grammar leaves white space out of what it calls a literal.
            values.append(_literal(content[at : part.start_byte - node.start_byte]))
            inner = [child for child in part.named_children if child.type == "expression"]
            values.append(evaluate(inner[0], scope, loops) if inner else "")
            at = part.end_byte - node.start_byte
            if b"${~" in (part.text or b"")[:3] or b"~}" in (part.text or b"")[-2:]:
                return UNKNOWN
    values = [item for item in (*values, _literal(content[at:-1])) if item != ""]
    return (values or [""])[0] if len(values) < 2 and len(parts) < 2 else _join_texts(values)


def _literal(content: bytes) -> str:
    return unescape(content.decode("utf-8", "surrogateescape"))


def _join_texts(values: list[Any]) -> Any:
    if all(isinstance(item, str) or type(item) is int for item in values):
        return "".join(map(str, values))
    new = next((item for item in values if isinstance(item, NewText)), None)
    return replace(new, is_all=False) if new is not None and all(item is not None for item in values) else UNKNOWN


def _number(text: str) -> Any:
    try:
        return int(text)
    except ValueError:
        return UNKNOWN


def _object(children: list[Node], scope: Scope, loops: Loops) -> Any:
    members: dict[str, Any] = {}
    for element in (child.named_children for child in children if child.type == "object_elem"):
        key = element[0]
        while key.type == "expression" and len(key.named_children) == 1 and key.children[0].type != "(":
            key = key.named_children[0]
        name = text_of(key) if key.type in ("variable_expr", "identifier") else evaluate(key, scope, loops)
        if isinstance(name, bool | int):
            name = str(name).lower()
        if not isinstance(name, str):
            return UNKNOWN
        members[name] = evaluate(element[-1], scope, loops)
    return members


def _conditional(children: list[Node], scope: Scope, loops: Loops) -> Any:
    condition = _as_bool(evaluate(children[0], scope, loops))
    if condition is not UNKNOWN:
        chosen = evaluate(children[1 if condition else 2], scope, loops)
        # Both branches get one type, so that 1 beside "a" is "1".
        is_one_type = not is_scalar(chosen) or _are_alike(chosen, _try(children[2 if condition else 1], scope, loops))
        return chosen if is_one_type else UNKNOWN
    first, other = (_try(child, scope, loops) for child in children[1:])
    return first if is_plain(first) and type(first) is type(other) and first == other else UNKNOWN


def is_scalar(value: Any) -> bool:
    """Returns whether it is a known string, number or boolean."""
    return isinstance(value, str | int | bool)


def _are_alike(*values: Any) -> bool:
    return len({type(value) for value in values if is_scalar(value)}) < 2


def _as_bool(value: Any) -> Any:
    if isinstance(value, bool):
        return value
    return {"true": True, "false": False}.get(value, UNKNOWN) if isinstance(value, str) else UNKNOWN


def is_plain(value: Any) -> bool:
    """Returns whether a value is completely known."""
    if isinstance(value, dict):
        return all(map(is_plain, value.values()))
    if isinstance(value, list):
        return all(map(is_plain, value))
    return value is None or isinstance(value, str | int | bool)


def _unary(node: Node, scope: Scope, loops: Loops) -> Any:
    value = _steps(node.named_children, scope, loops)
    if text_of(node.children[0]) == "!":
        truth = _as_bool(value)
        return UNKNOWN if truth is UNKNOWN else not truth
    return -value if type(value) is int else UNKNOWN


def _binary(node: Node, scope: Scope, loops: Loops) -> Any:
    at = next((i for i, child in enumerate(node.children) if not child.is_named), None)
    if at is None:
        return UNKNOWN
    sign = text_of(node.children[at])
    sides = [[node for node in part if node.is_named] for part in (node.children[:at], node.children[at + 1 :])]
    left, other = (_steps(side, scope, loops) for side in sides)
    if sign in ("&&", "||"):
        truths = [_as_bool(left), _as_bool(other)]
        decides = sign == "||"
        if decides in [truth for truth in truths if truth is not UNKNOWN]:
            return decides
        return UNKNOWN if UNKNOWN in truths else not decides
    if sign in ("==", "!="):
        are_equal = _are_equal(left, other)
        return UNKNOWN if are_equal is UNKNOWN else are_equal == (sign == "==")
    if type(left) is not int or type(other) is not int:
        return UNKNOWN
    return _NUMBERS[sign](left, other) if sign in _NUMBERS else UNKNOWN


_NUMBERS: Mapping[str, Callable[[int, int], Any]] = {
    "+": lambda left, other: left + other,
    "-": lambda left, other: left - other,
    "*": lambda left, other: left * other,
    ">": lambda left, other: left > other,
    "<": lambda left, other: left < other,
    ">=": lambda left, other: left >= other,
    "<=": lambda left, other: left <= other,
}


def _are_equal(left: Any, other: Any) -> Any:
    for side, against in ((left, other), (other, left)):
        if isinstance(side, NewText) and against in (None, ""):
            return False
        if side is None and (against is None or isinstance(against, str | int | dict | list | Encoded)):
            return against is None
    # The types of variables may make equal what is written in different ways.
    if type(left) is type(other) and isinstance(left, str | int | bool):
        return left == other
    return UNKNOWN


def _for(node: Node, scope: Scope, loops: Loops) -> Any:
    intro, *rest = [
        c for c in node.named_children if c.type not in ("tuple_start", "tuple_end", "object_start", "object_end")
    ]
    names = [text_of(child) for child in intro.named_children if child.type == "identifier"]
    over = [child for child in intro.named_children if child.type == "expression"]
    condition = next((child for child in rest if child.type == "for_cond"), None)
    results = [child for child in rest if child.type == "expression"]
    if len(over) != 1 or not names or any(child.type == "ellipsis" for child in rest):
        return UNKNOWN
    elements = _elements(evaluate(over[0], scope, loops))
    if elements is None or len(results) != (2 if node.type == "for_object_expr" else 1):
        return UNKNOWN
    items: list[Any] = []
    for key, value in elements:
        inner = {**loops, names[-1]: value, **({names[0]: key} if len(names) > 1 else {})}
        if condition is not None:
            is_taken = _as_bool(_steps(condition.named_children, scope, inner))
            if is_taken is UNKNOWN:
                return UNKNOWN
            if not is_taken:
                continue
        items.append([evaluate(node, scope, inner) for node in results])
    if node.type == "for_tuple_expr":
        return [item for (item,) in items]
    return dict(items) if all(isinstance(key, str) for key, _ in items) else UNKNOWN


# --- functions -------------------------------------------------------------------------------------------------------


def _call(node: Node, scope: Scope, loops: Loops) -> Any:
    name, nodes = (
        text_of(node.named_children[0]),
        [
            argument
            for part in node.named_children[1:]
            if part.type == "function_arguments"
            for argument in part.named_children
        ],
    )
    if any(node.type != "expression" for node in nodes):
        return UNKNOWN
    if name == "try":
        return _first_that_works(nodes, scope, loops)
    if name == "can" and len(nodes) == 1:
        try:
            return UNKNOWN if evaluate(nodes[0], scope, loops) is UNKNOWN else True
        except Fails:
            return False
    function = _FUNCTIONS.get(name)
    if function is None:
        return UNKNOWN
    values = [evaluate(node, scope, loops) for node in nodes]
    try:
        return function(*values)
    except (TypeError, ValueError, ArithmeticError):
        return UNKNOWN


def _first_that_works(nodes: list[Node], scope: Scope, loops: Loops) -> Any:
    for node in nodes:
        try:
            return evaluate(node, scope, loops)
        except Fails:
            continue
    raise Fails


def _coalesce(*values: Any) -> Any:
    if not _are_alike(*values):
        return UNKNOWN
    for value in values:
        if value is None or value == "":
            continue
        return value
    raise Fails


def _lookup(value: Any, key: Any, *default: Any) -> Any:
    if not isinstance(value, dict) or not isinstance(key, str):
        return UNKNOWN
    if key not in value and not default:
        raise Fails
    return value[key] if key in value else default[0]


def _merge(*values: Any) -> Any:
    if not all(isinstance(value, dict) or value is None for value in values):
        return UNKNOWN
    return {name: item for value in values if value for name, item in value.items()}


def _concat(*values: Any) -> Any:
    return [item for value in values for item in value] if all(isinstance(v, list) for v in values) else UNKNOWN


def _compact(value: Any) -> Any:
    if not isinstance(value, list) or any(not isinstance(item, str | NewText | Encoded | None) for item in value):
        return UNKNOWN
    return [item for item in value if item not in (None, "")]


def _flatten(value: Any) -> Any:
    return list(_flat(value)) if isinstance(value, list) and not _has_open_list(value) else UNKNOWN


def _has_open_list(value: list[Any]) -> bool:
    """A member may be a list of unknown length."""
    return any(
        item is UNKNOWN or isinstance(item, Members) or (isinstance(item, list) and _has_open_list(item))
        for item in value
    )


def _flat(value: list[Any]) -> Iterator[Any]:
    for item in value:
        if isinstance(item, list):
            yield from _flat(item)
        else:
            yield item


def _element(value: Any, at: Any) -> Any:
    if isinstance(value, Members):
        return value.member
    if not isinstance(value, list) or type(at) is not int:
        return UNKNOWN
    if not value:
        raise Fails
    return value[at % len(value)]


def _only(value: Any) -> Any:
    if isinstance(value, Members):
        return value.member
    if not isinstance(value, list):
        return UNKNOWN
    if len(value) > 1:
        raise Fails
    return value[0] if value else None


def _length(value: Any) -> Any:
    return len(value) if isinstance(value, str | list | dict) else UNKNOWN


def _contains(value: Any, member: Any) -> Any:
    if not isinstance(value, list) or not is_plain(value) or not is_plain(member):
        return UNKNOWN
    return any(item == member for item in value) if _are_alike(member, *value) else UNKNOWN


def text_set(value: Any) -> Any:
    """A list as a set of texts, UNKNOWN where it has others."""
    if isinstance(value, TextSet):
        return value
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        return UNKNOWN
    return TextSet({item: item for item in value})


def _join(separator: Any, value: Any) -> Any:
    if not isinstance(separator, str) or not isinstance(value, list):
        return UNKNOWN
    return _join_texts([part for item in value for part in (separator, item)][1:])


def _format(pattern: Any, *values: Any) -> Any:
    if not isinstance(pattern, str) or pattern.count("%") != len(values) or pattern.count("%s") != len(values):
        return UNKNOWN
    pieces = pattern.split("%s")
    return _join_texts([part for pair in zip(pieces, [*values, ""], strict=True) for part in pair])


def _of_text(function: Callable[[str], Any]) -> Callable[[Any], Any]:
    def of(value: Any) -> Any:
        return function(value) if isinstance(value, str) else UNKNOWN

    return of


def _same(value: Any) -> Any:
    return value


_FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "coalesce": _coalesce,
    "lookup": _lookup,
    "merge": _merge,
    "concat": _concat,
    "compact": _compact,
    "flatten": _flatten,
    "element": _element,
    "one": _only,
    "length": _length,
    "contains": _contains,
    "toset": text_set,
    "tolist": lambda value: value if isinstance(value, list) else UNKNOWN,
    "tostring": lambda value: value if isinstance(value, str | NewText | None) else UNKNOWN,
    "tobool": lambda value: value if value is None else _as_bool(value),
    "keys": lambda value: sorted(value) if isinstance(value, dict) else UNKNOWN,
    "values": lambda value: [value[name] for name in sorted(value)] if isinstance(value, dict) else UNKNOWN,
    "jsonencode": lambda value: Encoded(whole(value)),
    "join": _join,
    "format": _format,
    "lower": _of_text(str.lower),
    "upper": _of_text(str.upper),
    "trimspace": _of_text(str.strip),
    "split": lambda by, value: value.split(by) if isinstance(by, str) and isinstance(value, str) and by else UNKNOWN,
    "nonsensitive": _same,
    "coalescelist": lambda *values: (
        next((v for v in values if v != []), UNKNOWN) if all(isinstance(v, list) for v in values) else UNKNOWN
    ),
}
