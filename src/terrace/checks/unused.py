"""The check `unused`: variables and local values that a module declares and does not use."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise

from terrace.assess.model import Finding, Severity, Status
from terrace.checks.base import ONE_PLACE, CheckContext, Findings, Rule, SourceCheck, optional
from terrace.checks.changed_modules import head_of, touched_modules
from terrace.hcl.blocks import Block, expressions_of, read_blocks
from terrace.hcl.syntax import text_of, walk
from terrace.hcl.tree import read_many


def check_unused(context: CheckContext) -> Findings:
    """Returns a finding for each variable and local value that modules with changed files do not use."""
    tree = head_of(context)
    return tuple(finding for _, paths in touched_modules(context) for finding in find_unused(read_many(tree, paths)))


def find_unused(files: Mapping[str, bytes]) -> Findings:
    """Returns a finding for each variable and local value that one module declares and does not use.

    `files` are the contents of its configuration files by path. Where one cannot be read, it can use anything: the
    result is unknown.
    """
    declared: dict[tuple[str, str], tuple[str, int]] = {}
    used: set[tuple[str, str]] = set()
    for path, content in sorted(files.items()):
        file = read_blocks(path, content)
        if file.error_line or file.stray:
            message = "this file cannot be read, so that the unused names of the module are unknown"
            return (_finding(message, Status.UNKNOWN, path, 0, "check it yourself"),)
        for block in file.root.blocks():
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


def _find_declared(block: Block) -> Iterator[tuple[str, str, int]]:
    if block.type == "variable" and block.labels:
        yield "var", block.labels[0], block.line
    elif block.type == "locals":
        yield from (("local", name, value.line) for name, value in block.attributes.items())


def _find_used(block: Block) -> Iterator[tuple[str, str]]:
    for expression in expressions_of(block):
        for node in walk(expression.tree()):
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
