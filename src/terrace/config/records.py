"""Keys and records: the table of keys of a file, and the conversion of a mapping to a typed value.

A `Record` creates a value of one type from the given keys. The other keys have the defaults of that type, so that each
default is written once, at its field.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Sequence
from collections.abc import Mapping as Names
from dataclasses import MISSING, dataclass, field, fields, is_dataclass, replace
from functools import lru_cache
from typing import Any, Generic, TypeVar

from terrace.config.comparisons import Comparison
from terrace.config.kinds import (
    INVALID,
    WORD,
    Invalid,
    Kind,
    Percentage,
    Reading,
    empty_mapping_hint,
    reserved_word_problem,
    spell_value,
)
from terrace.config.naming import find_nearest
from terrace.config.problems import BadConfig, Problem
from terrace.config.yaml_nodes import Mapping, Node, Scalar, compose, quote

T = TypeVar("T")

Rule = Callable[[T, Mapping], Iterable[Problem]]
"""A rule across the keys of a record: yields the problems of a value, given the mapping that it was read from."""


@dataclass(frozen=True, slots=True)
class Spread:
    """The fields of a key whose value is not stored in one field of its own.

    `split` returns the fields for a value. `join` returns the value for the fields of a record, in the form that the
    comparison of the key expects.
    """

    split: Callable[[Any], Names[str, Any]]
    join: Callable[[Any], Any]


def constant(value: Any) -> Spread:
    """Returns the fields of a key that has only one possible value: none."""
    return Spread(lambda _: {}, lambda _: value)


@dataclass(frozen=True, slots=True)
class Key:
    """One key of a record.

    `reader` lists the gates, checks and commands that use it. `looser` declares which of its values allow more; it is
    required, so that every new key is compared. `default` describes the default where the value of the field's default
    does not. `sets` is the field that the key sets, by default the field of the same name.
    """

    name: str
    kind: Kind
    doc: str
    reader: str = ""
    default: str = field(default="", kw_only=True)
    needed: bool = field(default=False, kw_only=True)
    looser: Comparison = field(kw_only=True)
    sets: str | Spread = field(default="", kw_only=True)

    def fields(self, value: Any) -> Names[str, Any]:
        """Returns the fields that a value sets."""
        return self.sets.split(value) if isinstance(self.sets, Spread) else {self.sets or self.name: value}

    def value_in(self, record: Any) -> Any:
        """Returns the value of the key in a record of its table; None where the record is a mapping without it."""
        if isinstance(self.sets, Spread):
            return self.sets.join(record)
        name = self.sets or self.name
        return record.get(name) if isinstance(record, Names) else getattr(record, name)


@dataclass(frozen=True, slots=True)
class Record(Generic[T]):
    """A mapping with known keys. `title` names it, as in "an environment". `makes` is the type of its values, or a
    function with the fields as arguments.

    A field `line` of that type is set to the first line of the mapping. `later` are keys that are reserved for a later
    version: they are refused. `rules` run on every value that has all needed keys.
    """

    title: str
    keys: tuple[Key, ...]
    makes: Callable[..., T]
    later: frozenset[str] = frozenset()
    rules: tuple[Rule[T], ...] = ()
    _by_name: Names[str, Key] = field(init=False, repr=False, compare=False)
    _needed: tuple[Key, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_name", {key.name: key for key in self.keys})
        object.__setattr__(self, "_needed", tuple(key for key in self.keys if key.needed))

    @property
    def description(self) -> str:
        """A noun phrase for messages and the reference page."""
        return f"a mapping with keys of {self.title}"

    def read(self, node: Node, reading: Reading, base: T | None = None) -> T | Invalid:
        """Returns the value of a mapping, or INVALID after it added a problem.

        Keys that are not given are as in `base`, or have the defaults of their fields.
        """
        if not isinstance(node, Mapping):
            hint = None if self._needed else empty_mapping_hint(node)
            if not isinstance(node, Scalar):
                hint = f"write its keys without dashes: `{self.keys[0].name}: ...`"
            reading.note_unexpected(node, self.description, hint)
            return INVALID
        present: set[str] = set()
        values: dict[str, Any] = {}
        for name, item in node.pairs:
            key = self._by_name.get(name.text)
            if key is None:
                reading.problems.append(self._unknown_key(name))
                continue
            value = _read(key, item, reading, base)
            if value is not INVALID:
                present.add(key.name)
                _add(values, key.fields(value))
        missing = [key for key in self._needed if key.name not in present]
        if missing:
            self._note_missing(missing, node, reading)
            return INVALID
        if _has_line(self.makes):
            values["line"] = min((item.place.line for _, item in node.pairs), default=0)
        record: T = self.makes(**values) if base is None else replace(base, **values)  # type: ignore[type-var]
        for rule in self.rules:
            reading.problems.extend(rule(record, node))
        return record

    def _note_missing(self, missing: Iterable[Key], node: Mapping, reading: Reading) -> None:
        """Adds a problem for each key that is not in the mapping. The others are there, with a problem of their own."""
        names = {name.text for name, _ in node.pairs}
        for key in missing:
            if key.name not in names:
                hint = f"add `{key.name}: ...`, {key.kind.description}"
                reading.note(node, f"`{key.name}` is missing: {key.doc}", hint)

    def _unknown_key(self, name: Scalar) -> Problem:
        if name.text in self.later:
            return reserved_word_problem(name)
        near = find_nearest(name.text, self._by_name)
        hint = f"did you mean `{near}`?" if near else f"known keys: {', '.join(self._by_name)}"
        return Problem(name.place, f"`{quote(name.text)[1:-1]}` is not a key of {self.title}", hint)

    def schema(self) -> dict[str, Any]:
        """Returns the JSON Schema of the record."""
        properties = {}
        for key in self.keys:
            doc = key.doc if key.needed else f"{key.doc} Default: {self.spell_default(key)}."
            properties[key.name] = {**key.kind.schema(), "description": doc}
        needed = [key.name for key in self.keys if key.needed]
        schema = {"type": "object", "properties": properties, "additionalProperties": False}
        return {**schema, "required": needed} if needed else schema

    def spell_default(self, key: Key) -> str:
        """Returns the default of a key for readers: the description of the key, or the default of its field."""
        if key.default:
            return key.default
        if isinstance(key.sets, Spread) or not is_dataclass(self.makes):
            return "none"
        (of,) = (field for field in fields(self.makes) if field.name == (key.sets or key.name))
        value = of.default if of.default_factory is MISSING else of.default_factory()
        if is_dataclass(value):
            return "see its keys"
        return f"{value}%" if isinstance(key.kind, Percentage) else spell_value(value)


def _add(values: dict[str, Any], more: Names[str, Any]) -> None:
    """Adds fields to other fields. The entries of a mapping that several keys set are joined."""
    for name, value in more.items():
        before = values.get(name)
        values[name] = {**before, **value} if isinstance(before, dict) else value


@lru_cache(maxsize=128)
def _has_line(makes: Callable[..., Any]) -> bool:
    """Returns whether a type, or a function that creates values, has a field for the line of a record."""
    return makes is not dict and "line" in inspect.signature(makes).parameters


def _read(key: Key, node: Node, reading: Reading, base: Any) -> Any:
    """Reads the value of a key. Missing keys of a nested record are taken from the same field of `base`."""
    if isinstance(key.kind, Record) and is_dataclass(base):
        inner = key.value_in(base)
        return key.kind.read(node, reading, inner if is_dataclass(inner) else None)
    return key.kind.read(node, reading)


@dataclass(frozen=True, slots=True)
class NamedRecords(Generic[T]):
    """A mapping from names to records. `what` is the kind of thing that they describe, such as "environment"; `items`
    is its plural.

    `base` returns the value for a name without keys, given the name and all names in their order.
    """

    record: Record[T]
    what: str
    items: str
    base: Callable[[str, Sequence[str]], T]

    @property
    def description(self) -> str:
        """A noun phrase for messages and the reference page."""
        return f"a mapping from names to {self.items}"

    def read(self, node: Node, reading: Reading) -> dict[str, T] | Invalid:
        """Returns the records by name. The `base` replaces a record with a problem, so that its name is defined."""
        if not isinstance(node, Mapping):
            reading.note_unexpected(node, self.description, empty_mapping_hint(node))
            return INVALID
        nodes: dict[str, Node] = {}
        for key, item in node.pairs:
            name = WORD.read(key, reading)
            if name is INVALID:
                # Read all the same, for the problems in it.
                self.record.read(item, reading, self.base(key.text, (key.text,)))
            else:
                nodes[name] = item
                reading.define(self.what, name)
        records = {}
        for name, item in nodes.items():
            base = self.base(name, tuple(nodes))
            record = self.record.read(item, reading, base)
            records[name] = base if record is INVALID else record
        return records

    def schema(self) -> dict[str, Any]:
        """Returns the JSON Schema of the mapping."""
        return {"type": "object", "propertyNames": WORD.schema(), "additionalProperties": self.record.schema()}


def read_document(
    text: bytes, path: str, record: Record[T], *, empty: T, base: T | None = None, reading: Reading | None = None
) -> T:
    """Returns the value of a whole file, or `empty` for a file without content.

    Raises BadConfig with every problem of the file.
    """
    reading = reading or Reading()
    node = compose(text, path, reading.problems)
    value = empty if node is None else record.read(node, reading, base)
    reading.check_names()
    if reading.problems:
        problems = sorted(reading.problems, key=lambda problem: (problem.place.line, problem.place.column))
        raise BadConfig(tuple(problems))
    assert not isinstance(value, Invalid)
    return value
