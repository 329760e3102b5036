"""YAML as nodes that know their place. YAML 1.2's core: `yes` and `on` are text; no anchors, one document."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from terrace.errors import BadInput, Place

DEEPEST = 20
"""How deep mappings and lists may nest; terrace.yaml needs seven."""

_INT = re.compile(r"[-+]?[0-9]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong in a file, where, and what would be right."""

    place: Place
    message: str
    hint: str | None = None

    def __str__(self) -> str:
        return f"{self.place}: {self.message}" + (f" (hint: {self.hint})" if self.hint else "")


class BadConfig(BadInput):
    """A configuration with problems, all of them: `problems` is never empty and in the order of the file."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        first = problems[0]
        super().__init__(first.message, hint=first.hint if len(problems) == 1 else None, place=first.place)
        self.problems = problems

    def __str__(self) -> str:
        if len(self.problems) == 1:
            return super().__str__()
        lines = "\n".join(f"  {problem}" for problem in self.problems)
        return f"{self.problems[0].place.path} has {len(self.problems)} problems\n{lines}"


@dataclass(frozen=True, slots=True)
class Scalar:
    """A text, number, flag or null. `value` is what it means; a quoted one is always text."""

    value: str | int | float | bool | None
    place: Place


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list."""

    items: tuple[Node, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class Mapping:
    """Pairs in the order of the file; keys are text, and each is there once."""

    pairs: tuple[tuple[Scalar, Node], ...]
    place: Place


Node = Scalar | Sequence | Mapping


def compose(text: bytes, path: str) -> Node | None:
    """The document as nodes, None when it is empty. Raises BadConfig when it is not YAML of the kind meant here."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    try:
        decoded = text.decode("utf-8")
    except UnicodeDecodeError as error:
        line = text[: error.start].count(b"\n") + 1
        raise BadConfig((Problem(Place(path, line), "this is not UTF-8", "save the file as UTF-8"),)) from error
    try:
        events = list(YAML(typ="safe", pure=True).parse(decoded))
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Place(path, mark.line + 1, mark.column + 1) if mark else Place(path)
        said = " ".join(part for part in (error.context, error.problem) if part)
        raise BadConfig((Problem(place, f"this is not YAML: {said}", _hint(said)),)) from error
    except (YAMLError, ValueError) as error:
        raise BadConfig((Problem(Place(path), f"this is not YAML: {str(error).splitlines()[0]}"),)) from error
    except RecursionError as error:
        raise BadConfig((Problem(Place(path), "this nests too deeply"),)) from error
    return _Reader(path).document(iter(events))


def _hint(said: str) -> str | None:
    if "'\\t'" in said or "\\t" in said:
        return "indent with spaces, not with tabs"
    if "mapping values are not allowed" in said:
        return "quote a text that holds `: `"
    return None


class _Reader:
    """Builds nodes from the events of the parser."""

    def __init__(self, path: str) -> None:
        self._path = path

    def document(self, events: Iterator[Any]) -> Node | None:
        found: Node | None = None
        documents = 0
        for event in events:
            kind = type(event).__name__
            if kind == "DocumentStartEvent":
                documents += 1
                if documents > 1:
                    raise self._bad(event, "there is a second document", "terrace.yaml is one document: remove `---`")
            elif kind in ("ScalarEvent", "SequenceStartEvent", "MappingStartEvent", "AliasEvent"):
                found = self._node(event, events, 0)
        if isinstance(found, Scalar) and found.value is None:
            return None
        return found

    def _node(self, event: Any, events: Iterator[Any], depth: int) -> Node:
        kind = type(event).__name__
        if kind == "AliasEvent" or getattr(event, "anchor", None) is not None:
            raise self._bad(event, "anchors and aliases are not used here", "write the value out")
        if depth > DEEPEST:
            raise self._bad(event, "this nests too deeply", None)
        if kind == "ScalarEvent":
            return Scalar(_meaning(event), self._place(event))
        if event.tag is not None and not str(event.tag).startswith("tag:yaml.org"):
            raise self._bad(event, f"tags like {event.tag} are not used here", "remove it")
        if kind == "SequenceStartEvent":
            return self._sequence(event, events, depth)
        return self._mapping(event, events, depth)

    def _sequence(self, start: Any, events: Iterator[Any], depth: int) -> Sequence:
        items = []
        for event in events:
            if type(event).__name__ == "SequenceEndEvent":
                break
            items.append(self._node(event, events, depth + 1))
        return Sequence(tuple(items), self._place(start))

    def _mapping(self, start: Any, events: Iterator[Any], depth: int) -> Mapping:
        pairs: list[tuple[Scalar, Node]] = []
        seen: dict[str, Place] = {}
        for event in events:
            if type(event).__name__ == "MappingEndEvent":
                break
            key = self._node(event, events, depth + 1)
            if not isinstance(key, Scalar) or key.value is None:
                raise self._bad(event, "a key must be a word", None)
            name = Scalar(event.value, key.place)
            if event.value in seen:
                raise self._bad(event, f"{event.value!r} is there twice, first at {seen[event.value]}", "keep one")
            if event.value == "<<":
                raise self._bad(event, "merge keys are not used here", "write the values out")
            seen[event.value] = key.place
            pairs.append((name, self._node(next(events), events, depth + 1)))
        return Mapping(tuple(pairs), self._place(start))

    def _place(self, event: Any) -> Place:
        return Place(self._path, event.start_mark.line + 1, event.start_mark.column + 1)

    def _bad(self, event: Any, message: str, hint: str | None) -> BadConfig:
        return BadConfig((Problem(self._place(event), message, hint),))


def _meaning(event: Any) -> str | int | float | bool | None:
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
