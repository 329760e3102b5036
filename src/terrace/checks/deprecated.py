"""The check `deprecated`: syntax and arguments that are deprecated, each with its line and its replacement."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from terrace.assess.model import Finding, Severity, Status
from terrace.checks.base import CheckContext, Findings, Rule, SourceCheck, optional
from terrace.checks.changed_modules import changed_configuration, head_of, touched_modules
from terrace.clouds.cloud import Where
from terrace.clouds.renamed import replaced_arguments, replacement_of_type
from terrace.hcl.blocks import Block, NativeBlock, read_blocks
from terrace.hcl.facts_store import NoStore, load_facts
from terrace.hcl.layout import parent
from terrace.hcl.syntax import attributes, blocks, head, line_of, text_of, walk
from terrace.plans.versions import is_below

if TYPE_CHECKING:
    from tree_sitter import Node

MOST = 50
"""Maximum number of findings of one file; the others have one together."""

NONE: Mapping[str, str] = {}
_WHERE: Mapping[str, Where] = {"provider": "provider", "resource": "resource", "data": "data"}
_CONSTRAINTS = {"list": "list(any)", "map": "map(any)"}
_CALLS = {"list": "[...], or tolist([...])", "map": "{...}, or tomap({...})"}
_SHOWN = 60
_LONG = 400


@dataclass(frozen=True, slots=True)
class _Old:
    """One deprecated construct: its line, its description, and its replacement."""

    line: int
    what: str
    instead: str
    severity: Severity = Severity.LOW
    since: str = ""


def check_deprecated(context: CheckContext) -> Findings:
    """Returns a finding for each deprecated construct in the changed files."""
    tree = head_of(context)
    required: dict[str, dict[str, str]] = {}
    for folder, paths in touched_modules(context):
        needs = [need for facts in load_facts(tree, paths, NoStore()).values() for need in facts.required_providers]
        required[folder] = {need.name: need.version for need in needs if need.version}
    return tuple(
        finding
        for path, content in changed_configuration(context).items()
        for finding in find_deprecated(path, content, required.get(parent(path), {}))
    )


def find_deprecated(path: str, content: bytes, required: Mapping[str, str] = NONE) -> Findings:
    """Returns a finding for each deprecated construct in one configuration file, and one for a part it cannot read.

    `required` are the version constraints of its module for providers, by name. Where one allows only versions that do
    not have the replacement yet, the finding is informational.
    """
    file = read_blocks(path, content)
    if file.error_line and path.endswith(".json"):
        return (_unread_finding(path, file.error_line, "it is not JSON, and was not checked"),)
    olds = [old for block in file.root.blocks("provider", "resource", "data") for old in _in_block(block)]
    if isinstance(file.root, NativeBlock):
        # In JSON every expression is an interpolation, so there only types and arguments are checked.
        olds += _in_expressions(file.root.node)
    findings = [_finding(path, old, required) for old in sorted(olds, key=lambda old: old.line)]
    shown = findings[:MOST]
    if len(findings) > MOST:
        rest = _Old(
            findings[MOST].line, f"{len(findings) - MOST} more deprecated constructs follow", "fix the first ones"
        )
        shown.append(_finding(path, rest, required))
    if file.error_line:
        shown.append(_unread_finding(path, file.error_line, "the part after a syntax error was not checked"))
    return tuple(shown)


def _in_block(block: Block) -> Iterator[_Old]:
    """Yields the deprecated type and arguments of a `provider`, `resource` or `data` block."""
    if block.labels:
        where = _WHERE[block.type]
        yield from _type(where, block.labels[0], block.line)
        yield from _arguments(where, block.labels[0], block)
    if block.type == "provider" and "version" in block.attributes:
        yield _Old(
            block.attributes["version"].line,
            "the version of a provider is set in its block",
            "set it in `required_providers` of the `terraform` block",
        )


def _in_expressions(root: Node) -> Iterator[_Old]:
    for block in blocks(root):
        kind, _ = head(block)
        if kind == "variable":
            yield from _constraint(block)
        yield from _references(block, kind)
        yield from _expressions(block, typed=kind == "variable")


def _constraint(block: Node) -> Iterator[_Old]:
    for name, value in attributes(block):
        text = text_of(value)
        word = text.strip('"')
        if name == "type" and (text != word or word in _CONSTRAINTS) and word.isidentifier():
            now = _CONSTRAINTS.get(word, word)
            yield _Old(
                line_of(value), f"the type `{_short(text)}` is written as before Terraform 0.12", f"type = {now}"
            )


def _type(where: Where, name: str, line: int) -> Iterator[_Old]:
    replacement = replacement_of_type(where, name)
    if replacement is not None:
        instead, since = replacement
        yield _Old(line, f"`{name}` is deprecated since {since}", f"use {instead}", since=since)
    elif (where, name) == ("resource", "null_resource"):
        yield _Old(line, "`null_resource` needs a provider", "`terraform_data` does the same without", Severity.INFO)


def _arguments(where: Where, name: str, block: Block) -> Iterator[_Old]:
    replaced = replaced_arguments(where, name)
    if not replaced:
        return
    arguments = [(argument, value.line) for argument, value in block.attributes.items()]
    for inner in block.blocks():
        kind = inner.labels[0] if inner.type == "dynamic" and inner.labels else inner.type
        arguments.append((kind, inner.line))
        arguments += ((f"{kind}.{argument}", value.line) for argument, value in inner.attributes.items())
    for argument, line in dict.fromkeys(arguments):
        if argument in replaced:
            yield _old_argument(name, argument, line, replaced[argument])


def _old_argument(name: str, argument: str, line: int, now: tuple[str, str]) -> _Old:
    instead, since = now
    todo = instead if instead.startswith("remove ") else f"use {instead}"
    return _Old(line, f"`{argument}` of {name} is deprecated since {since}", todo, since=since)


def _references(block: Node, kind: str) -> Iterator[_Old]:
    """References in quotes, where Terraform wants none."""
    places = [(name, value) for name, value in attributes(block) if name in ("depends_on", "provider")]
    if kind == "module":
        places = [(name, value) for name, value in places if name == "depends_on"]
    for inner in blocks(block):
        if head(inner)[0] == "lifecycle":
            places += ((name, value) for name, value in attributes(inner) if name in ("ignore_changes",))
    for name, value in places:
        for node in walk(value):
            if node.type == "string_lit":
                text = text_of(node)
                now = "all" if text == '"*"' else text.strip('"')
                yield _Old(
                    line_of(node), f"`{name}` has the reference {_short(text)} in quotes", f"write {_short(now)}"
                )


def _expressions(block: Node, *, typed: bool) -> Iterator[_Old]:
    keys: set[int] = set()
    stack = [block]
    while stack:
        node = stack.pop()
        if node.type == "quoted_template":
            inner = _only_interpolation(node)
            if inner is not None:
                yield _Old(line_of(node), *_unwrap(node, inner, key=node.id in keys))
        elif node.type == "function_call" and node.named_children:
            name = text_of(node.named_children[0])
            if name in _CALLS:
                message = f"the function `{name}` is gone since Terraform 0.15"
                yield _Old(line_of(node), message, f"write {_CALLS[name]}")
        elif node.type == "object_elem" and node.named_children:
            keys.add(_innermost(node.named_children[0]).id)
        elif typed and node.type == "attribute" and text_of(node.named_children[0]) == "type":
            # `list` and `map` are not functions there.
            continue
        stack.extend(reversed(node.named_children))


def _unwrap(node: Node, inner: Node, *, key: bool) -> tuple[str, str]:
    if node.end_byte - node.start_byte > _LONG:
        return "a string is nothing but an interpolation", "write what is in it"
    now = _short(text_of(inner))
    return f"{_short(text_of(node))} is nothing but an interpolation", f"write ({now})" if key else f"write {now}"


def _innermost(node: Node) -> Node:
    while node.type in ("template_expr", "expression", "literal_value") and len(node.named_children) == 1:
        node = node.named_children[0]
    return node


def _only_interpolation(node: Node) -> Node | None:
    parts = [part for part in node.named_children if not part.type.startswith("quoted_template_")]
    if len(parts) != 1 or parts[0].type != "template_interpolation":
        return None
    return next((child for child in parts[0].named_children if child.type == "expression"), None)


def _short(text: str) -> str:
    first = text.split("\n", 1)[0]
    cut = first if len(first) <= _SHOWN else f"{first[: _SHOWN - 1]}…"
    return cut.encode("utf-8", "replace").decode()


def _finding(path: str, old: _Old, required: Mapping[str, str]) -> Finding:
    provider, _, major = old.since.partition(" ")
    later = major.isdigit() and is_below(required.get(provider, ""), int(major))
    severity = Severity.INFO if later else old.severity
    return Finding(
        rule="deprecated",
        severity=severity,
        status=Status.FAIL,
        tool="terrace",
        message=old.what,
        path=path,
        line=old.line,
        fix=f"with {old.since}, {old.instead}" if later else old.instead,
        # It is informational: it never blocks, whatever the level of the check.
        advisory=severity is Severity.INFO,
        # So that a fault in the same block does not make it one.
        family="remark-for-later" if severity is Severity.INFO else "",
    )


def _unread_finding(path: str, line: int, message: str) -> Finding:
    return Finding(
        rule="deprecated",
        severity=Severity.LOW,
        status=Status.UNKNOWN,
        tool="terrace",
        message=message,
        path=path,
        line=line,
        fix="fix the file",
    )


CHECK = SourceCheck(
    name="deprecated",
    run=check_deprecated,
    level="advisory",
    rules=(
        Rule(
            "deprecated",
            "A changed file has deprecated syntax or arguments, or could not be read to the end.",
            "The next major version of Terraform or the provider refuses them, at a bad moment.",
            "Write the replacement that the finding names.",
            optional("deprecated"),
        ),
    ),
)
