"""The check `deprecated`: syntax and arguments that are deprecated, each with its line and its replacement."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from terrace.assess.model import Finding, Severity, Status
from terrace.checks.base import CheckContext, Findings, Rule, SourceCheck, optional
from terrace.checks.changed_modules import changed_configuration, head_of, touched_modules
from terrace.clouds.cloud import Where
from terrace.clouds.renamed import replaced_arguments, replacement_of_type
from terrace.hcl.facts_store import Forgetful, facts_of
from terrace.hcl.json_syntax import read_json
from terrace.hcl.layout import parent
from terrace.hcl.syntax import attributes, blocks, everything, first_error, head, line_of, parse, text_of
from terrace.plans.versions import is_below

if TYPE_CHECKING:
    from tree_sitter import Node

MOST = 50
"""Findings of one file that are told one by one."""

NONE: Mapping[str, str] = {}
_CONSTRAINTS = {"list": "list(any)", "map": "map(any)"}
_CALLS = {"list": "[...], or tolist([...])", "map": "{...}, or tomap({...})"}
_SHOWN = 60
_LONG = 400


@dataclass(frozen=True, slots=True)
class _Old:
    """One old thing: where, what, and what instead."""

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
        needs = [need for facts in facts_of(tree, paths, Forgetful()).values() for need in facts.required_providers]
        required[folder] = {need.name: need.version for need in needs if need.version}
    return tuple(
        finding
        for path, content in changed_configuration(context).items()
        for finding in find_deprecated(path, content, required.get(parent(path), {}))
    )


def find_deprecated(path: str, content: bytes, required: Mapping[str, str] = NONE) -> Findings:
    """Returns a finding for each deprecated construct in one configuration file, and one for a part it cannot read.

    `required` are the constraints that its module has for providers, by name: where one allows none but versions to
    which the new way is unknown, the old one is a remark for later.
    """
    if path.endswith(".json"):
        return _in_json(path, content, required)
    root = parse(content).root_node
    found = [_finding(path, old, required) for old in _in_native(root)]
    told = found[:MOST]
    if len(found) > MOST:
        rest = _Old(found[MOST].line, f"{len(found) - MOST} more old things stand from here on", "mend the first ones")
        told.append(_finding(path, rest, required))
    if root.has_error:
        told.append(_unread(path, first_error(root), "what stands after a syntax error was not looked at"))
    return tuple(told)


def _in_native(root: Node) -> list[_Old]:
    found: list[_Old] = []
    for block in blocks(root):
        kind, labels = head(block)
        match kind:
            case "variable":
                found += _constraint(block)
            case "provider" | "resource" | "data" if labels:
                found += _type(kind, labels[0], line_of(block))
                found += _arguments(kind, labels[0], block)
        if kind == "provider":
            found += _version(block)
        found += _references(block, kind)
        found += _expressions(block, typed=kind == "variable")
    return sorted(found, key=lambda old: old.line)


def _constraint(block: Node) -> Iterator[_Old]:
    for name, value in attributes(block):
        text = text_of(value)
        word = text.strip('"')
        if name == "type" and (text != word or word in _CONSTRAINTS) and word.isidentifier():
            now = _CONSTRAINTS.get(word, word)
            yield _Old(
                line_of(value), f"the type `{_short(text)}` is written as before Terraform 0.12", f"type = {now}"
            )


def _version(block: Node) -> Iterator[_Old]:
    for name, value in attributes(block):
        if name == "version":
            yield _Old(
                line_of(value),
                "the version of a provider stands in its block",
                "say it in `required_providers` of the `terraform` block",
            )


def _type(where: Where, name: str, line: int) -> Iterator[_Old]:
    replacement = replacement_of_type(where, name)
    if replacement is not None:
        instead, since = replacement
        yield _Old(line, f"`{name}` is of former days (since {since})", f"use {instead}", since=since)
    elif (where, name) == ("resource", "null_resource"):
        yield _Old(line, "`null_resource` needs a provider", "`terraform_data` does the same without", Severity.INFO)


def _arguments(where: Where, name: str, block: Node) -> Iterator[_Old]:
    known = replaced_arguments(where, name)
    if not known:
        return
    given = [(argument, line_of(value)) for argument, value in attributes(block)]
    for inner in blocks(block):
        kind, labels = head(inner)
        kind = labels[0] if kind == "dynamic" and labels else kind
        given.append((kind, line_of(inner)))
        given += ((f"{kind}.{argument}", line_of(value)) for argument, value in attributes(inner))
    for argument, line in given:
        if argument in known:
            yield _renamed(name, argument, line, known[argument])


def _renamed(name: str, argument: str, line: int, now: tuple[str, str]) -> _Old:
    instead, since = now
    todo = instead if instead.startswith("remove ") else f"use {instead}"
    return _Old(line, f"`{argument}` of {name} is of former days (since {since})", todo, since=since)


def _references(block: Node, kind: str) -> Iterator[_Old]:
    """References in quotes, where Terraform wants none."""
    places = [(name, value) for name, value in attributes(block) if name in ("depends_on", "provider")]
    if kind == "module":
        places = [(name, value) for name, value in places if name == "depends_on"]
    for inner in blocks(block):
        if head(inner)[0] == "lifecycle":
            places += ((name, value) for name, value in attributes(inner) if name in ("ignore_changes",))
    for name, value in places:
        for node in everything(value):
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
                yield _Old(line_of(node), *_unwrapped(node, inner, key=node.id in keys))
        elif node.type == "function_call" and node.named_children:
            name = text_of(node.named_children[0])
            if name in _CALLS:
                what = f"the function `{name}` is gone since Terraform 0.15"
                yield _Old(line_of(node), what, f"write {_CALLS[name]}")
        elif node.type == "object_elem" and node.named_children:
            keys.add(_innermost(node.named_children[0]).id)
        elif typed and node.type == "attribute" and text_of(node.named_children[0]) == "type":
            # There `list` and `map` are no functions.
            continue
        stack.extend(reversed(node.named_children))


def _unwrapped(node: Node, inner: Node, *, key: bool) -> tuple[str, str]:
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


def _in_json(path: str, content: bytes, required: Mapping[str, str]) -> tuple[Finding, ...]:
    """In JSON every expression is an interpolation, and lines are not known: only types and arguments are told."""
    try:
        top = read_json(content)
    except (ValueError, RecursionError):
        return (_unread(path, 1, "it is not JSON, and was not looked at"),)
    found: list[_Old] = []
    for where, name, body in _bodies(top):
        found += _type(where, name, 0)
        known = replaced_arguments(where, name)
        inner = {f"{key}.{one}" for key, value in body.items() for each in _dicts(value) for one in each}
        given = {*body, *inner}
        found += (_renamed(name, one, 0, known[one]) for one in sorted(given & known.keys()))
        if where == "provider" and "version" in body:
            what = "the version of a provider stands in its block"
            found.append(_Old(0, what, "say it in `required_providers`"))
    return tuple(_finding(path, old, required) for old in found[:MOST])


def _bodies(top: Any) -> Iterator[tuple[Where, str, dict[str, Any]]]:
    wheres: tuple[Where, ...] = ("provider", "resource", "data")
    for where in wheres:
        for types in (one for body in _dicts(top) for one in _dicts(body.get(where))):
            for name, inner in types.items():
                for one in _dicts(inner):
                    instances = [one] if where == "provider" else [each for i in one.values() for each in _dicts(i)]
                    yield from ((where, name, instance) for instance in instances)


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [one for one in (value if isinstance(value, list) else [value]) if isinstance(one, dict)]


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
        # A remark and no fault: whatever terrace.yaml says of the check, it holds nothing.
        advisory=severity is Severity.INFO,
        # So that a fault in the same block does not make it one.
        family="remark-for-later" if severity is Severity.INFO else "",
    )


def _unread(path: str, line: int, message: str) -> Finding:
    return Finding(
        rule="deprecated",
        severity=Severity.LOW,
        status=Status.UNKNOWN,
        tool="terrace",
        message=message,
        path=path,
        line=line,
        fix="mend the file",
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
