"""The check `unused`: variables and local values that a module declares and does not use."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import TYPE_CHECKING

from terrace.assess.model import Finding, Severity, Status
from terrace.checks.base import ONE_PLACE, CheckContext, Findings, Rule, SourceCheck, optional
from terrace.checks.changed_modules import head_of, touched_modules
from terrace.hcl.syntax import attributes, blocks, head, line_of, parse, text_of, walk
from terrace.hcl.tree import read_many

if TYPE_CHECKING:
    from tree_sitter import Node


def check_unused(context: CheckContext) -> Findings:
    """Returns a finding for each variable and local value that modules with changed files do not use."""
    tree = head_of(context)
    return tuple(finding for _, paths in touched_modules(context) for finding in find_unused(read_many(tree, paths)))


def find_unused(files: Mapping[str, bytes]) -> Findings:
    """Returns a finding for each variable and local value that one module declares and does not use.

    `files` are the contents of its configuration files by path. Where one cannot be read (JSON syntax, a syntax error),
    it can use anything: the result is unknown.
    """
    declared: dict[tuple[str, str], tuple[str, int]] = {}
    used: set[tuple[str, str]] = set()
    for path, content in sorted(files.items()):
        root = parse(content).root_node
        if path.endswith(".json") or root.has_error:
            message = "this file cannot be read, so that the unused names of the module are unknown"
            return (_finding(message, Status.UNKNOWN, path, 0, "check it yourself"),)
        for block in blocks(root):
            own = None
            for kind, name, line in _find_declared(block):
                declared.setdefault((kind, name), (path, line))
                own = (kind, name) if kind == "var" else None
            # The validation of a variable is not a use of it.
            used |= {word for word in _find_used(block) if word != own}
    return tuple(
        _finding(
            f"{'the variable' if kind == 'var' else 'the local'} {name!r} is not used in its module",
            Status.FAIL,
            *declared[kind, name],
            "remove it",
        )
        for kind, name in sorted(declared.keys() - used)
    )


def _find_declared(block: Node) -> Iterator[tuple[str, str, int]]:
    kind, labels = head(block)
    if kind == "variable" and labels:
        yield "var", labels[0], line_of(block)
    elif kind == "locals":
        for name, value in attributes(block):
            yield "local", name, line_of(value)


def _find_used(block: Node) -> Iterator[tuple[str, str]]:
    for node in walk(block):
        # From the parent: finding a node's neighbor takes longer the deeper it is.
        for name, after in pairwise(node.named_children):
            if name.type == "variable_expr" and after.type == "get_attr":
                yield text_of(name), text_of(after.named_children[0]) if after.named_children else ""


def _finding(message: str, status: Status, path: str, line: int, fix: str) -> Finding:
    return Finding("unused", Severity.LOW, status, "terrace", message, path=path, line=line, fix=fix)


CHECK = SourceCheck(
    name="unused",
    run=check_unused,
    level="advisory",
    rules=(
        Rule(
            "unused",
            "A module declares a variable or a local value, and nothing in it uses it.",
            "People set it, and wonder why nothing happens.",
            "Remove it, or use it.",
            optional("unused", ONE_PLACE),
        ),
    ),
)
