"""A reader of YAML: a tree of nodes with their places.

It accepts the core schema of YAML 1.2, in which `yes` and `on` are text, without anchors, tags and several documents.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from terrace.config.problems import Problem
from terrace.conflict_markers import RESOLVE, find_conflict_markers
from terrace.errors import Place

DEEPEST = 20
"""Maximum depth of nested mappings and lists. terrace.yaml needs seven."""

LARGEST = 1 << 20
"""Maximum size of a file, in bytes. A terrace.yaml with a hundred environments has a tenth of it."""

_NO_ANCHORS = (
    'repeat the value; one entry of `stacks:` can match many directories: {path: "live/*/*", environment: "{1}"}'
)
"""The hint for anchors, aliases and merge keys."""

_INT = re.compile(r"[-+]?[0-9]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")


@dataclass(frozen=True, slots=True)
class Scalar:
    """A text, number, flag or null. `value` is the value (of a quoted scalar: always text), `text` the source text."""

    value: str | int | float | bool | None
    place: Place
    text: str = ""


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list."""

    items: tuple[Node, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class Mapping:
    """Pairs in the order of the file. Keys are text and unique."""

    pairs: tuple[tuple[Scalar, Node], ...]
    place: Place


Node = Scalar | Sequence | Mapping


def find(node: Node | None, *path: str) -> Node | None:
    """Returns the value under a path of keys; None where there is none."""
    for step in path:
        pairs = node.pairs if isinstance(node, Mapping) else ()
        node = next((value for key, value in pairs if key.text == step), None)
    return node


def find_key(node: Node | None, name: str) -> Scalar | None:
    """Returns the node of a key itself; None where there is no such key."""
    pairs = node.pairs if isinstance(node, Mapping) else ()
    return next((key for key, _ in pairs if key.text == name), None)


class _Stop(Exception):
    """Raised for a problem that makes the rest of the file unreadable."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


def compose(text: bytes, path: str, problems: list[Problem]) -> Node | None:
    """Returns the document as nodes; None when it is empty, or cannot be read at all, which adds a problem.

    A part with a problem is left out where possible, so that the rest of the file is checked as well.
    """
    try:
        return _Reader(path, problems).document(_parse(_decode(text, path), path))
    except _Stop as stop:
        problems.append(stop.problem)
        return None


def _decode(text: bytes, path: str) -> str:
    if len(text) > LARGEST:
        raise _Stop(Problem(Place(path), f"the file has {len(text)} bytes", f"the maximum is {LARGEST} bytes"))
    if line := find_conflict_markers(text):
        raise _Stop(Problem(Place(path, line, 1), "the file has merge conflict markers", RESOLVE))
    try:
        return text.decode("utf-8")
    except UnicodeDecodeError as error:
        column = error.start - text.rfind(b"\n", 0, error.start)
        place = Place(path, text[: error.start].count(b"\n") + 1, column)
        raise _Stop(Problem(place, "the file is not UTF-8", "save the file as UTF-8")) from error


def _parse(text: str, path: str) -> Iterator[Any]:
    """Yields the events of the parser, so that a reader can stop before the end of a deeply nested file."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError
    from ruamel.yaml.reader import ReaderError

    try:
        yield from YAML(typ="safe", pure=True).parse(text)
    except MarkedYAMLError as error:
        message = ", ".join(part for part in (error.context, error.problem) if part)
        mark = error.problem_mark or error.context_mark
        if "<stream end>" in message and error.context_mark is not None:
            # The end of the file is not the place to edit: what is never closed begins there.
            mark = error.context_mark
        place = Place(path, mark.line + 1, mark.column + 1) if mark else Place(path)
        raise _Stop(Problem(place, f"invalid YAML: {message}", _hint(message))) from error
    except ReaderError as error:
        before = text[: error.position].split("\n")
        place = Place(path, len(before), len(before[-1]) + 1)
        character = f"U+{ord(text[error.position]):04X}"
        raise _Stop(Problem(place, f"invalid YAML: the character {character} is not allowed", "remove it")) from error
    except (YAMLError, ValueError) as error:
        raise _Stop(Problem(Place(path), f"invalid YAML: {str(error).splitlines()[0]}")) from error
    except RecursionError as error:
        raise _Stop(Problem(Place(path), "the nesting is too deep")) from error


def _hint(message: str) -> str:
    if "\\t" in message:
        return "indent with spaces, not tabs"
    if "mapping values are not allowed" in message:
        return "quote a text that contains `: `"
    if "but got '{'" in message or "but got '['" in message:
        return 'quote a text that contains brackets: "live/{1}/api"'
    if "expected ',' or '}'" in message or "expected ',' or ']'" in message:
        return "close the bracket that is opened there, or separate its items with commas"
    if "quoted scalar" in message:
        return "close the quotes that are opened there"
    return "check the indentation, colons, brackets and quotes of that line and the one before it"


class _Reader:
    """Builds nodes from the events of the parser. None stands for a node with a problem, which is left out."""

    def __init__(self, path: str, problems: list[Problem]) -> None:
        self._path = path
        self._problems = problems

    def document(self, events: Iterator[Any]) -> Node | None:
        root: Node | None = None
        documents = 0
        for event in events:
            kind = type(event).__name__
            if kind == "DocumentStartEvent":
                documents += 1
                if documents > 1:
                    self._note(event, "the file has a second document", "keep one document: remove `---`")
                    break
            elif kind in ("ScalarEvent", "SequenceStartEvent", "MappingStartEvent", "AliasEvent"):
                root = self._node(event, events, 0)
        if isinstance(root, Scalar) and root.value is None:
            return None
        return root

    def _node(self, event: Any, events: Iterator[Any], depth: int) -> Node | None:
        kind = type(event).__name__
        if depth > DEEPEST:
            raise _Stop(Problem(self._place(event), "the nesting is too deep", f"the maximum is {DEEPEST} levels"))
        if event.anchor is not None:
            self._note(event, "anchors and aliases are not supported", _NO_ANCHORS)
        if kind == "AliasEvent":
            return None
        if event.tag is not None:
            self._note(event, "tags are not supported", "remove the word that starts with `!`")
        if kind == "ScalarEvent":
            return Scalar(_parse_scalar(event), self._place(event), event.value)
        if kind == "SequenceStartEvent":
            return self._sequence(event, events, depth)
        return self._mapping(event, events, depth)

    def _sequence(self, start: Any, events: Iterator[Any], depth: int) -> Sequence:
        items = []
        for event in events:
            if type(event).__name__ == "SequenceEndEvent":
                break
            item = self._node(event, events, depth + 1)
            if item is not None:
                items.append(item)
        return Sequence(tuple(items), self._place(start))

    def _mapping(self, start: Any, events: Iterator[Any], depth: int) -> Mapping:
        pairs: list[tuple[Scalar, Node]] = []
        seen: dict[str, Place] = {}
        for event in events:
            if type(event).__name__ == "MappingEndEvent":
                break
            key = self._key(event, self._node(event, events, depth + 1), seen)
            value = self._node(next(events), events, depth + 1)
            if key is not None and value is not None:
                pairs.append((key, _place_missing(value, key)))
        return Mapping(tuple(pairs), self._place(start))

    def _key(self, event: Any, key: Node | None, seen: dict[str, Place]) -> Scalar | None:
        """Returns the key as text; None after a problem was added."""
        if key is None:
            return None
        if not isinstance(key, Scalar) or key.value is None:
            self._note(event, "a key must be text", "quote it" if isinstance(key, Scalar) and key.text else None)
            return None
        if key.text == "<<":
            self._note(event, "merge keys are not supported", _NO_ANCHORS)
            return None
        if key.text in seen:
            self._note(event, f"the key {quote(key.text)} is repeated, first at {seen[key.text]}", "keep one")
            return None
        seen[key.text] = key.place
        return Scalar(key.text, key.place, key.text)

    def _place(self, event: Any) -> Place:
        return Place(self._path, event.start_mark.line + 1, event.start_mark.column + 1)

    def _note(self, event: Any, message: str, hint: str | None) -> None:
        self._problems.append(Problem(self._place(event), message, hint))


def quote(text: str) -> str:
    """Returns a text of the file for a message: on one line, quoted, shortened, without control characters."""
    return repr(text if len(text) <= 60 else text[:57] + "...")


def _place_missing(value: Node, key: Scalar) -> Node:
    """Returns a missing value with the place of its key: the parser places it on the next line."""
    if isinstance(value, Scalar) and value.value is None and not value.text:
        return replace(value, place=key.place)
    return value


def _parse_scalar(event: Any) -> str | int | float | bool | None:
    text: str = event.value
    plain = event.implicit[0] and event.style is None
    if not plain:
        return text
    if text in ("", "~", "null", "Null", "NULL"):
        return None
    if text in ("true", "True", "TRUE", "false", "False", "FALSE"):
        return text.lower() == "true"
    if _INT.fullmatch(text) and len(text) < 20:
        return int(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    return text
