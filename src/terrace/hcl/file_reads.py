"""Finds the files that a configuration file reads: through functions, and through strings that are used as paths."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

from terrace.hcl.facts import OutputUse, Part, Read, Template
from terrace.hcl.json_syntax import as_list, bodies_of
from terrace.hcl.syntax import arguments, function_name, head, line_of, text_of
from terrace.hcl.templates import (
    STRINGS,
    UNKNOWN,
    alternatives,
    function_template,
    is_template,
    literal,
    string_template,
    template_of,
    text_of_string,
    text_tree,
    traversal,
)

if TYPE_CHECKING:
    from tree_sitter import Node

READERS = frozenset(
    {
        "file",
        "fileexists",
        "filebase64",
        "templatefile",
        "filemd5",
        "filesha1",
        "filesha256",
        "filesha512",
        "filebase64sha256",
        "filebase64sha512",
    }
)
"""Functions whose first argument is the path of a file that they read."""

_READING = re.compile(r"\b(file\w*|templatefile)\s*\(")
_DEEPEST_JSON = 200
_LONGEST_SHOWN = 100
_LONGEST_PATH = 255
_NEVER_PATHS = ("description", "error_message", "required_version", "version")
_SOURCE_OF_MODULE = ("source", "version")
"""Arguments of a module call that are not paths of files: they lead to configuration, which is followed as a call."""
_SEPARATORS = re.compile(r"[\s\"'`;|&()<>=,:{}\[\]]+")
_ANYTHING = Read("doubt", (), 0)
"""A read of unknown files, where the text cannot be parsed."""


@dataclass(slots=True)
class FileReads:
    """Everything that a file reads, collected by `add_native`, `add_json` and `add_template`.

    `words` are strings that can be paths, each with the line where it is found first.
    """

    reads: list[Read] = field(default_factory=list)
    words: dict[Template, int] = field(default_factory=dict)
    output_uses: list[OutputUse] = field(default_factory=list)
    workspace_line: int = 0

    def add_native(self, root: Node) -> None:
        """Adds what the expressions of a tree read."""
        # Going down with what is above is linear; asking each node for its parents is not.
        stack = [(root, False)]
        while stack:
            node, in_reader = stack.pop()
            if node.type == "function_call":
                self._add_call(node)
                # A call that reads a file says more than the strings in it.
                in_reader = in_reader or _is_reader(node)
                if not in_reader:
                    self._add_paths(node, function_template(node))
            elif node.type == "expression":
                self._add_reference(node)
            elif node.type in STRINGS and not in_reader:
                self._add_paths(node, string_template(node))
            below = in_reader and node.type not in ("attribute", "body")
            stack.extend((child, below) for child in reversed(_path_nodes(node)))

    def add_json(self, document: Any) -> None:
        """Adds what the strings of a document in JSON syntax read. Their lines are unknown."""
        for body in as_list(document):
            self._add_value(_without_module_sources(body), 0)

    def add_template(self, content: bytes) -> None:
        """Adds what a file of `templatefile` reads. A file that cannot be parsed can read anything."""
        text = content.decode("utf-8", "surrogateescape")
        if not is_template(text):
            return
        root = text_tree(text)
        self.add_native(root)
        if root.has_error and _READING.search(text):
            self.reads.append(_ANYTHING)
        # The file begins in the second line of its tree.
        self.reads = [msgspec.structs.replace(read, line=max(1, read.line - 1)) for read in self.reads]

    def add_unreadable(self) -> None:
        """Adds a read of unknown files."""
        self.reads.append(_ANYTHING)

    def _add_call(self, node: Node) -> None:
        name, nodes = function_name(node), arguments(node)
        if name in READERS:
            for template in alternatives(nodes[0]) if nodes else [(UNKNOWN,)]:
                self.reads.append(
                    Read("file", template, line_of(node), function=name, text=_template_text(text_of(node)))
                )
        elif name == "fileset":
            pattern = (literal(template_of(nodes[1])) if len(nodes) > 1 else None) or ""
            for folder in alternatives(nodes[0]) if nodes else [(UNKNOWN,)]:
                self.reads.append(Read("set", folder, line_of(node), pattern, name, _template_text(text_of(node))))

    def _add_reference(self, node: Node) -> None:
        parts = node.named_children
        if len(parts) == 2 and not self.workspace_line and traversal(node) == ["terraform", "workspace"]:
            self.workspace_line = line_of(node)
        use = _output_use(parts)
        if use is not None:
            self.output_uses.append(use)

    def _add_paths(self, node: Node, template: Template) -> None:
        """Adds a string that can be a path to the provider or program that takes it, and so can each word of it."""
        for path in _possible_paths(template):
            if any(part.kind in ("module", "root") for part in path):
                self.reads.append(Read("mention", path, line_of(node), text=_template_text(text_of_string(node))))
            else:
                self.words.setdefault(path, line_of(node))

    def _add_value(self, value: Any, depth: int) -> None:
        if depth > _DEEPEST_JSON:
            self.add_unreadable()
        elif isinstance(value, dict):
            for name, inner in value.items():
                if "/" in name or "." in name:
                    self._add_words(name)
                if name not in _NEVER_PATHS or not isinstance(inner, str):
                    self._add_value(inner, depth + 1)
        elif isinstance(value, list):
            for inner in value:
                self._add_value(inner, depth + 1)
        elif isinstance(value, str) and is_template(value):
            self._add_text(value)
        elif isinstance(value, str):
            self._add_words(value)

    def _add_text(self, text: str) -> None:
        root = text_tree(text)
        if root.has_error:
            self.add_unreadable()
        inner = FileReads()
        inner.add_native(root)
        self.reads += [msgspec.structs.replace(read, line=0) for read in dict.fromkeys(inner.reads)]
        for template in inner.words:
            self.words.setdefault(template, 0)
        self.output_uses += [OutputUse(use.state, use.output, 0) for use in inner.output_uses]
        self.workspace_line = self.workspace_line or inner.workspace_line

    def _add_words(self, text: str) -> None:
        for path in _possible_paths((Part("text", text),)):
            self.words.setdefault(path, 0)


def _without_module_sources(body: Any) -> Any:
    if not isinstance(body, dict) or "module" not in body:
        return body
    calls = [
        {name: value for name, value in call.items() if name not in _SOURCE_OF_MODULE}
        for _, call in bodies_of("module", body["module"])
    ]
    return {**body, "module": calls}


def _path_nodes(node: Node) -> list[Node]:
    """Returns the children of a node that can hold paths: neither labels nor texts for people nor module sources."""
    children = node.named_children
    if node.type == "block":
        kind, labels = head(node)
        bodies = [child for child in children if child.type == "body"]
        if kind == "module" and labels:
            return [c for body in bodies for c in body.named_children if _name(c) not in _SOURCE_OF_MODULE]
        return bodies
    if node.type == "attribute" and _name(node) in _NEVER_PATHS:
        return []
    return children


def _name(attribute: Node) -> str:
    return text_of(attribute.named_children[0]) if attribute.type == "attribute" and attribute.named_children else ""


def _is_reader(call: Node) -> bool:
    name = text_of(call.named_children[0]) if call.named_children else ""
    return name in READERS or name == "fileset"


def _template_text(text: str) -> str:
    return " ".join(text.split())[:_LONGEST_SHOWN]


def _possible_paths(template: Template) -> list[Template]:
    """Returns what can be a path in a string: all of it, and each word."""
    words: list[list[Part]] = [[]]
    for part in template:
        if part.kind != "text":
            words[-1].append(part)
            continue
        first, *rest = _SEPARATORS.split(part.text)
        # `curl -d @file` and the like.
        first = first if words[-1] else first.removeprefix("@")
        if first:
            words[-1].append(Part("text", first))
        for word in rest:
            words.append([Part("text", word.removeprefix("@"))] if word.removeprefix("@") else [])
    paths = [tuple(word) for word in words if _can_be_path(word)]
    if len(words) > 1 and not any("\n" in part.text for part in template) and _can_be_path(list(template)):
        paths.append(template)
    return list(dict.fromkeys(paths))


def _can_be_path(parts: list[Part]) -> bool:
    texts = [part.text for part in parts if part.kind == "text"]
    if sum(map(len, texts)) > _LONGEST_PATH or any("://" in text for text in texts):
        return False
    if not parts or (parts[0].kind == "text" and parts[0].text.startswith(("/", "~"))):
        return False
    if any(part.kind in ("module", "root") for part in parts):
        return True
    return any(letter.isalnum() or letter in "._" for text in texts for letter in text)


def _output_use(parts: list[Node]) -> OutputUse | None:
    """Returns the output of another stack that a reference is to; "" as its name stands for all outputs."""
    if len(parts) < 4 or text_of(parts[0]) != "data" or text_of(parts[1]) != ".terraform_remote_state":
        return None
    name, rest = text_of(parts[2]).lstrip("."), parts[3:]
    # Instances of a data source that has `count` or `for_each`.
    while rest and rest[0].type == "index":
        rest = rest[1:]
    if not rest or text_of(rest[0]) != ".outputs":
        return None
    if len(rest) > 1:
        output = text_of(rest[1]).strip('.[]" \t')
        if rest[1].type == "get_attr" or text_of(rest[1]).startswith('["'):
            return OutputUse(name, output, line_of(parts[0]))
    return OutputUse(name, "", line_of(parts[0]))
