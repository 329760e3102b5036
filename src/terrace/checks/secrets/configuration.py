"""Names and values of configuration: each text with its name, in HCL by its blocks and in JSON by its objects.

Lines do not show that: a default can be after a nested block, a value in a heredoc, a function, a list or a map. The
input can be a part of a file, as in a diff; both readers continue after a part that they do not understand.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, NamedTuple

from terrace.checks.secrets.names import says_secret, words
from terrace.hcl.literals import unescape
from terrace.hcl.syntax import head, parser, text_of

if TYPE_CHECKING:
    from tree_sitter import Node

HCL = (".tf", ".tofu", ".tfvars", ".hcl")
JSON = (".json", ".tfstate")


class NamedText(NamedTuple):
    """A text of the configuration at `start:end`, and its value. `name` is "" where it has no name.

    `inner` is its content for a search by lines, of the same length as in the file; "" where it is one word.
    """

    name: str
    start: int
    end: int
    value: str
    inner: str


def is_configuration(path: str) -> bool:
    """Returns whether a file of that name is read by its names and values."""
    return path.lower().endswith((*HCL, *JSON))


def named_texts(text: str, path: str, tellings: Sequence[int]) -> Iterator[NamedText]:
    """Yields the texts of a file of that name that can be secrets, unordered; none for other kinds of files.

    `tellings` are the places of names of secrets, in order: blocks without one are not read, since that takes long.
    """
    if not tellings or not is_configuration(path):
        return
    if path.lower().endswith(JSON):
        yield from _json(text)
        return
    for start, end in pairwise((0, *_parts(text, tellings), len(text))):
        first, last = bisect_left(tellings, start), bisect_left(tellings, end)
        # In one plain line the search by lines finds as much.
        if first < last and _MORE.search(text, start, end):
            block = _Hcl(text[start:end], [at - start for at in tellings[first:last]])
            yield from (text._replace(start=text.start + start, end=text.end + start) for text in block.texts())


# --- names -------------------------------------------------------------------------------------------------------

_METADATA = frozenset(
    {
        "alias",
        "arn",
        "arns",
        "checksum",
        "cidr",
        "class",
        "description",
        "digest",
        "etag",
        "hash",
        "integrity",
        "resolved",
        "email",
        "endpoint",
        "engine",
        "env",
        "environment",
    }
    | {"file", "host", "hostname", "id", "ids", "key", "keys", "kind", "label", "length", "location", "login", "name"}
    | {"names", "namespace", "path", "paths", "policy", "port", "prefix", "project", "provider", "region", "role"}
    | {"scope", "source", "store", "suffix", "type", "unit", "uri", "url", "user", "username", "vault", "version"}
)
"""Last words of keys below a secret whose values describe it, and are not the secret."""

_VALUES = frozenset({"value", "default", "plaintext", "text"})
_PROSE = frozenset({"description", "comment", "error_message", "title", "summary", "documentation"})


def nested_name(name: str, key: str) -> str:
    """Returns the name of a value whose key is in something called `name`: a map `passwords` names its values."""
    # A path, as of a package, is not the name of a secret.
    if says_secret(key) or "/" in name or not says_secret(name):
        return key
    last = words(key)[-1:]
    return key if last and last[0] in _METADATA else name


# --- HCL ---------------------------------------------------------------------------------------------------------

_PASSING = frozenset(
    {"sensitive", "nonsensitive", "ephemeralasnull", "coalesce", "coalescelist", "try", "tostring", "tolist", "toset"}
    | {"tomap", "one", "concat", "compact", "merge", "chomp", "trimspace", "base64encode", "jsonencode", "yamlencode"}
    | {"urlencode", "flatten", "distinct", "element", "upper", "lower", "textencodebase64", "base64gzip", "issensitive"}
)
"""Functions whose result has the texts of their arguments."""

_OTHERWISE_AT = {"lookup": 2, "optional": 1}
"""Functions with one argument that is their result where there is nothing else."""

_BLOCK = re.compile(r'^ ?[a-z_]+(?:[ \t]+"[^"\n]*")*[ \t]*\{', re.MULTILINE)
_MORE = re.compile(r"[(\[{]|<<|\?|\n ?[^\n]|\\n")
_BRACKET = re.compile(r"[()\[\]{}]")
_CLOSED = re.compile(r"^ ?\}", re.MULTILINE)
"""The beginning of a block at the left margin, or one column from it in a diff, and its end."""


def _parts(text: str, tellings: Sequence[int]) -> Iterator[int]:
    """Returns the beginnings of the parts of a text that can be read on their own: blocks, and attributes between them.

    The parser takes long for a text that is not HCL; small parts limit that. Attributes without any `tellings` are one
    part.
    """
    end = 0
    for match in _BLOCK.finditer(text):
        if match.start() >= end:
            yield from _attributes(text, end, match.start(), tellings)
            yield match.start()
            closed = _CLOSED.search(text, match.end())
            if closed is None:
                return
            end = closed.end()
            yield end
    yield from _attributes(text, end, len(text), tellings)


def _attributes(text: str, start: int, end: int, tellings: Sequence[int]) -> Iterator[int]:
    """Yields the beginnings of lines that are in no open bracket and in no heredoc."""
    if bisect_left(tellings, start) == bisect_left(tellings, end) or "<<" in text[start:end]:
        return
    depth, at = 0, start
    for line in text[start:end].splitlines(keepends=True):
        if depth <= 0:
            depth = 0
            if at > start:
                yield at
        at += len(line)
        if _BRACKET.search(line):
            depth += sum(line.count(c) for c in "([{") - sum(line.count(c) for c in ")]}")


_OTHERWISE = frozenset({"operation", "index", "for_expr", "splat", "new_index", "legacy_index"})


class _Hcl:
    def __init__(self, text: str, tellings: Sequence[int]) -> None:
        self._text = text
        self._tellings = tellings
        self._raw = text.encode("utf-8", "surrogatepass")
        self._starts: list[int] | None = None
        if len(self._raw) != len(text):
            self._starts = [0, *accumulate(len(c.encode("utf-8", "surrogatepass")) for c in text)]

    def texts(self) -> Iterator[NamedText]:
        # The nesting of the input has no limit, and the stack of Python has one.
        todo: list[tuple[Node, str]] = [(parser().parse(self._raw).root_node, "")]
        while todo:
            node, name = todo.pop()
            text = self._text_of(node, name)
            if text is not None:
                yield text
            todo.extend(each for each in self._inside(node, name) if self._may_hold(*each))

    def _may_hold(self, node: Node, name: str) -> bool:
        """Returns whether a secret can be in a node: by a name in it, or by its own name."""
        if name and says_secret(name):
            return True
        first = bisect_left(self._tellings, self._at(node.start_byte))
        return first < len(self._tellings) and self._tellings[first] < self._at(node.end_byte)

    def _text_of(self, node: Node, name: str) -> NamedText | None:
        if node.type in ("string_lit", "quoted_template"):
            start, end = self._at(node.start_byte) + 1, self._at(node.end_byte) - 1
            written = self._text[start:end]
            several = "\\n" in written or "=" in written or ":" in written
            inner = written.replace("\\n", " \n").replace("\\r", "  ").replace('\\"', ' "') if several else ""
            return NamedText(name, start, end, unescape(written), "" if name in _PROSE else inner)
        if node.type == "heredoc_template":
            parts = [child for child in node.named_children if child.type.startswith("template_")]
            if not parts:
                return None
            start, end = self._at(parts[0].start_byte), self._at(parts[-1].end_byte)
            written = self._text[start:end]
            value = written.strip()
            start += len(written) - len(written.lstrip())
            return NamedText(name, start, start + len(value), value, "" if name in _PROSE else value)
        return None

    def _inside(self, node: Node, name: str) -> Iterator[tuple[Node, str]]:
        """Yields the nodes directly below a node, each with the name of its texts."""
        kind, children = node.type, node.named_children
        if kind == "block":
            yield from self._block(node)
        elif kind == "attribute" and len(children) >= 2:
            yield children[-1], text_of(children[0])
        elif kind == "object":
            pairs = [
                (text_of(each.named_children[0]).strip('"'), each.named_children[1])
                for each in children
                if each.type == "object_elem" and len(each.named_children) == 2
            ]
            yield from self._pairs(pairs, (name,))
            yield from ((each, "") for each in children if each.type == "ERROR")
        elif kind == "function_call":
            function = text_of(children[0]) if children else ""
            arguments = [a for each in children[1:] if each.type == "function_arguments" for a in each.named_children]
            for at, argument in enumerate(arguments):
                passes = function in _PASSING or at == _OTHERWISE_AT.get(function)
                yield argument, name if passes else ""
        elif kind == "conditional":
            for at, child in enumerate(children):
                yield child, name if at else ""
        else:
            called = "" if kind in _OTHERWISE else name
            for child in children:
                yield child, called

    def _block(self, block: Node) -> Iterator[tuple[Node, str]]:
        kind, labels = head(block)
        for body in (child for child in block.named_children if child.type == "body"):
            pairs = []
            for child in body.named_children:
                if child.type == "attribute" and len(child.named_children) >= 2:
                    pairs.append((text_of(child.named_children[0]), child.named_children[-1]))
                else:
                    yield child, ""
            if kind in ("variable", "output"):
                # The name of a variable is the name of its default, and of the defaults in its type.
                label = labels[0] if labels else ""
                yield from ((node, label if key in ("default", "value", "type") else key) for key, node in pairs)
            else:
                yield from self._pairs(pairs, (*reversed(labels), kind), named=True)

    def _pairs(
        self, pairs: list[tuple[str, Node]], outer: tuple[str, ...], *, named: bool = False
    ) -> Iterator[tuple[Node, str]]:
        """Yields the values of one object or block, each with its name. A `name` beside a `value` is the value's
        name."""
        name = next((self._literal(node) for key, node in pairs if key.lower() in ("name", "key")), "")
        for key, node in pairs:
            if key.lower() in _VALUES:
                yield node, next((text for text in (name, *outer) if text and says_secret(text)), key)
            else:
                yield node, key if named else nested_name(outer[0], key)

    def _literal(self, node: Node) -> str:
        return text_of(node).strip('"')

    def _at(self, byte: int) -> int:
        return byte if self._starts is None else bisect_right(self._starts, byte) - 1


# --- JSON --------------------------------------------------------------------------------------------------------

_TOKEN = re.compile(r'"((?:[^"\\]|\\.)*)"(\s*:)?|[{}\[\]]')


@dataclass(slots=True)
class _Open:
    """An object or list that is not closed yet. `key` is the key of the next value."""

    name: str
    is_list: bool
    key: str = ""
    name_value: str = ""
    values: list[tuple[int, int]] = field(default_factory=list)

    @property
    def called(self) -> str:
        return self.name if self.is_list else nested_name(self.name, self.key)


def _json(text: str) -> Iterator[NamedText]:
    opened: list[_Open] = [_Open("", is_list=False)]
    for token in _TOKEN.finditer(text):
        scope, mark = opened[-1], token[0]
        if mark in "{[":
            opened.append(_Open(scope.called, is_list=mark == "["))
        elif mark in "}]":
            yield from _named_values(text, opened.pop() if len(opened) > 1 else scope)
        elif token[2] and not scope.is_list:
            scope.key = token[1]
        else:
            start, end = token.span(1)
            if scope.key.lower() in ("name", "key") and not scope.is_list:
                scope.name_value = token[1]
            if scope.key.lower() == "value" and not scope.is_list:
                scope.values.append((start, end))
            yield _text(text, scope.called, start, end)
    for unclosed in opened:
        yield from _named_values(text, unclosed)


def _named_values(text: str, closed: _Open) -> Iterator[NamedText]:
    """Yields the values of an object that has their name beside them."""
    if closed.name_value and not says_secret(closed.name):
        yield from (_text(text, closed.name_value, start, end) for start, end in closed.values)
    closed.values = []


def _text(text: str, name: str, start: int, end: int) -> NamedText:
    written = text[start:end]
    several = "\\n" in written or "=" in written or ":" in written
    inner = written.replace("\\n", " \n").replace("\\r", "  ").replace('\\"', ' "') if several else ""
    value = written
    if "\\" in written:
        try:
            value = json.loads(f'"{written}"', strict=False)
        except ValueError:
            value = written
    return NamedText(name, start, end, value, "" if name in _PROSE else inner)
