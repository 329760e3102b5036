"""Determines which strings an expression can produce, as far as its text shows it: a `Template`.

Literal text, references and the few functions that paths are built with are understood; all else is unknown.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from terrace.hcl.facts import Part, Template
from terrace.hcl.literals import NotLiteral, read_literal, unescape, write_literal
from terrace.hcl.syntax import arguments, function_name, parse, text_of, unwrap, walk

if TYPE_CHECKING:
    from tree_sitter import Node

STRINGS = ("string_lit", "quoted_template", "heredoc_template")
"""The types of nodes that are strings."""

UNKNOWN = Part("unknown")

_DEEPEST = 10
"""Maximum depth of strings within strings. Deeper ones are unknown, so that a hostile file costs no time."""
_END = "END_OF_THE_TEXT_OF_JSON"


def template_of(expression: Node, depth: int = 0) -> Template:
    """Returns the strings that an expression of native syntax can produce; `()` for the empty string."""
    inner = unwrap(expression)
    if inner.type in ("string_lit", "quoted_template"):
        return _string(inner, depth)
    if inner.type in ("numeric_lit", "bool_lit"):
        return (Part("text", _scalar(inner)),)
    if inner.type == "function_call" and depth <= _DEEPEST:
        return function_template(inner, depth + 1)
    return (_reference(traversal(inner)),)


def template_of_text(text: str) -> Template:
    """Returns the strings that a string of JSON syntax can produce. Each string is a template there."""
    if not is_template(text):
        return (Part("text", text),)
    root = text_tree(text)
    if root.has_error:
        return (UNKNOWN,)
    for node in walk(root):
        if node.type == "heredoc_template":
            return string_template(node)
    return (UNKNOWN,)


def literal(template: Template) -> str | None:
    """Returns the text of a template without unknown parts and references; None for others and for the empty one."""
    if not template or any(part.kind != "text" for part in template):
        return None
    return "".join(part.text for part in template)


def alternatives(expression: Node) -> list[Template]:
    """Returns a template for each possible result: both of a condition, every argument of `try` and `coalesce`."""
    inner = unwrap(expression)
    if inner.type == "conditional" and len(inner.named_children) == 3:
        return [template for branch in inner.named_children[1:] for template in alternatives(branch)]
    if inner.type == "function_call" and text_of(inner).partition("(")[0].strip() in ("try", "coalesce"):
        nodes = arguments(inner)
        if nodes and all(argument.type == "expression" for argument in nodes):
            return [template for argument in nodes for template in alternatives(argument)]
    return [template_of(expression)]


def string_template(node: Node) -> Template:
    """Returns the template of a string node. The final line break of a heredoc is left out."""
    if node.type != "heredoc_template":
        return _string(node)
    template = _string(node, heredoc=True)
    if template and template[-1].kind == "text":
        last = template[-1].text.removesuffix("\n")
        return (*template[:-1], Part("text", last)) if last else template[:-1]
    return template


def function_template(call: Node, depth: int = 0) -> Template:
    """Returns the strings that a call of `abspath`, `join` or `format` can produce; any other call is unknown."""
    name, nodes = function_name(call), arguments(call)
    if name == "abspath" and len(nodes) == 1:
        return template_of(nodes[0], depth)
    if name == "join" and len(nodes) == 2:
        return _join(*nodes, depth=depth)
    if name == "format" and nodes:
        return _format(*nodes, depth=depth)
    return (UNKNOWN,)


def traversal(node: Node) -> list[str]:
    """Returns the names of a reference such as `path.module`; none for anything else."""
    inner = node
    if inner.type == "expression" and len(inner.named_children) == 1:
        inner = inner.named_children[0]
    parts = inner.named_children if inner.type == "expression" else [inner]
    words: list[str] = []
    for part in parts:
        if part.type not in ("variable_expr", "get_attr"):
            return []
        words += [text_of(c) for c in part.named_children if c.type == "identifier"]
    return words


def is_template(text: str) -> bool:
    """Returns whether a text has interpolations or directives. Escaped ones (`$${`) count."""
    return "${" in text or "%{" in text


def text_tree(text: str) -> Node:
    """Parses a text with templates: a file of `templatefile`, or a string of JSON syntax.

    The text becomes a heredoc, where backslashes escape nothing. Its first line is the second line of the tree.
    """
    heredoc = f"x = <<{_END}\n{text.replace(_END, '')}\n{_END}\n"
    return parse(heredoc.encode("utf-8", "surrogateescape")).root_node


def text_of_string(node: Node) -> str:
    """Returns a string node as it is written in its file, without the marks of `text_tree`."""
    return text_of(node).removeprefix(f"<<{_END}").removesuffix(_END)


def _scalar(node: Node) -> str:
    """Returns a number or a Boolean as a template prints it: `1e3` as 1000."""
    text = text_of(node)
    if node.type == "numeric_lit" and "e" in text.lower():
        with suppress(NotLiteral):
            return write_literal(read_literal(node))
    return text


def _string(node: Node, depth: int = 0, *, heredoc: bool = False) -> Template:
    if depth > _DEEPEST:
        return (UNKNOWN,)
    parts: list[Part] = []
    text, end = node.text or b"", 0
    for child in node.named_children:
        # The grammar leaves out spaces beside an interpolation.
        start = child.start_byte - node.start_byte
        gap = text[end:start].decode("utf-8", "surrogateescape") if parts else ""
        end = child.end_byte - node.start_byte
        if gap:
            parts.append(Part("text", gap))
        if child.type == "template_literal":
            parts.append(Part("text", text_of(child) if heredoc else unescape(text_of(child))))
        elif child.type == "template_interpolation":
            inner = [c for c in child.named_children if c.type == "expression"]
            parts.extend(template_of(inner[0], depth + 1) if inner else (UNKNOWN,))
        elif child.type == "template_directive":
            parts.append(UNKNOWN)
    return _merge_texts(parts)


def _merge_texts(parts: list[Part]) -> Template:
    """Returns the parts with neighboring texts joined."""
    merged: list[Part] = []
    for part in parts:
        if part.kind == "text" and merged and merged[-1].kind == "text":
            merged[-1] = Part("text", merged[-1].text + part.text)
        else:
            merged.append(part)
    return tuple(merged)


def _join(separator: Node, values: Node, *, depth: int) -> Template:
    between, items = literal(template_of(separator, depth)), unwrap(values)
    if between is None or items.type != "tuple":
        return (UNKNOWN,)
    texts = [_argument(item, depth) for item in items.named_children if item.type == "expression"]
    # Besides its items a tuple has its two brackets as children.
    if not texts or len(texts) != len(items.named_children) - 2:
        return (UNKNOWN,)
    parts = [part for text in texts for part in (Part("text", between), *text)]
    return _merge_texts(parts[1:])


def _format(shape: Node, *values: Node, depth: int) -> Template:
    text = literal(template_of(shape, depth))
    pieces = text.split("%s") if text is not None else []
    if len(pieces) != len(values) + 1 or any("%" in piece for piece in pieces):
        return (UNKNOWN,)
    parts = [Part("text", pieces[0])]
    for piece, value in zip(pieces[1:], values, strict=True):
        parts += [*_argument(value, depth), Part("text", piece)]
    return _merge_texts([part for part in parts if part != Part("text", "")])


def _argument(node: Node, depth: int) -> Template:
    """Returns the template of an argument, where an empty string is a text too."""
    return template_of(node, depth) or ((Part("text", ""),) if unwrap(node).type in STRINGS else (UNKNOWN,))


def _reference(words: list[str]) -> Part:
    match words:
        case ["path", "module"]:
            return Part("module")
        case ["path", "root" | "cwd"]:
            return Part("root")
        case ["local", name]:
            return Part("local", name)
        case ["var", name]:
            return Part("var", name)
        case ["terraform", "workspace"]:
            return Part("workspace")
    return UNKNOWN
