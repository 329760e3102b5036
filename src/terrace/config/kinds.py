"""The kinds of values in terrace.yaml.

A kind turns a node into a typed value, reports what is wrong with it, and describes itself for the schema and the page.
`records` puts kinds under keys; the tables of `keys` are made of both.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from collections.abc import Mapping as Names
from collections.abc import Sequence as Listed
from dataclasses import dataclass
from datetime import date, timedelta
from enum import Enum
from typing import Any, Final, Protocol

from terrace.config.name_patterns import LONGEST as LONGEST_PATTERN
from terrace.config.name_patterns import find_fault
from terrace.config.naming import NAME, find_nearest, suggest, unknown_name
from terrace.config.problems import Problem
from terrace.config.yaml_nodes import Mapping, Node, Scalar, Sequence, quote

_DURATION = re.compile(r"(?:([0-9]+)d)?(?:([0-9]+)h)?(?:([0-9]+)m)?(?:([0-9]+)s)?")
_PERCENTAGE = re.compile(r"([1-9][0-9]?|100)%")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_UNITS = (("d", 86400), ("h", 3600), ("m", 60), ("s", 1))

LONGEST = timedelta(days=3650)
"""Maximum length of a duration. Any moment of this century plus this duration is a valid date."""


class Invalid(Enum):
    """The type of INVALID."""

    INVALID = "invalid"


INVALID: Final = Invalid.INVALID
"""The result of reading a value that has a problem."""


class Reading:
    """Collects the problems of one file while it is read, with the names that the file defines and uses."""

    def __init__(self, names: Names[str, Listed[str]] | None = None) -> None:
        """`names` are the names of things by kind, such as "environment", that exist where the file defines none."""
        self.problems: list[Problem] = []
        self._known = names or {}
        self._defined: dict[str, list[str]] = {}
        self._used: list[tuple[str, str, Node]] = []

    def note(self, node: Node, message: str, hint: str | None = None) -> None:
        """Adds a problem at a node."""
        self.problems.append(Problem(node.place, message, hint))

    def note_unexpected(self, node: Node, expected: str, hint: str | None = None) -> None:
        """Adds the problem that a node is not of the expected kind."""
        self.note(node, f"expected {expected}, found {_describe(node)}", hint)

    def define(self, kind: str, name: str) -> None:
        """Adds a name that the file defines."""
        self._defined.setdefault(kind, []).append(name)

    def use(self, kind: str, name: str, node: Node) -> None:
        """Adds a name that must be defined in the file."""
        self._used.append((kind, name, node))

    def check_names(self) -> None:
        """Adds a problem for each name that is used and not defined. Call it once, after the whole file was read."""
        for kind, name, node in self._used:
            names = self._defined.get(kind) or list(self._known.get(kind, ()))
            if name not in names:
                self.note(node, unknown_name(kind, name), suggest(kind, name, names))
        self._used.clear()


class Kind(Protocol):
    """One kind of value."""

    @property
    def description(self) -> str:
        """A noun phrase for messages and the reference page, such as `a duration like 15m`."""
        ...

    def read(self, node: Node, reading: Reading) -> Any:
        """Returns the typed value, or INVALID after it added a problem."""
        ...

    def schema(self) -> dict[str, Any]:
        """Returns its JSON Schema."""
        ...


def reserved_word_problem(node: Scalar) -> Problem:
    """Returns the problem for a word that is reserved for a later version of Terrace."""
    return Problem(
        node.place,
        f"this version of Terrace does not support `{quote(node.text)[1:-1]}` yet",
        "remove it: Terrace does not accept rules that it would ignore",
    )


def parse_duration(text: str) -> timedelta | None:
    """Returns the duration of a text such as `1h30m`; None for any other text, and for more than LONGEST."""
    match = _DURATION.fullmatch(text) if 0 < len(text) < 20 else None
    if match is None:
        return None
    seconds = sum(int(count or 0) * size for count, (_, size) in zip(match.groups(), _UNITS, strict=True))
    return timedelta(seconds=seconds) if seconds <= LONGEST.total_seconds() else None


def spell_duration(span: timedelta) -> str:
    """Returns a duration in the form of terrace.yaml, such as `1h30m`."""
    seconds = int(span.total_seconds())
    parts = []
    for unit, size in _UNITS:
        count, seconds = divmod(seconds, size)
        parts += [f"{count}{unit}"] if count else []
    return "".join(parts) or "0"


def spell_value(value: Any) -> str:
    """Returns a plain value in the form of terrace.yaml; "none" where there is none."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, timedelta):
        return spell_duration(value)
    if isinstance(value, tuple):
        return ", ".join(map(spell_value, value)) or "none"
    return "none" if value in (None, "", {}) else str(value)


def _integer(node: Node) -> int | None:
    value = node.value if isinstance(node, Scalar) else None
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def empty_mapping_hint(node: Node) -> str | None:
    """Returns the hint for a mapping that was left empty."""
    return "an empty mapping is `{}`" if isinstance(node, Scalar) and node.value is None else None


def _describe(node: Node) -> str:
    if isinstance(node, Scalar):
        if node.value is None:
            return "nothing"
        return quote(node.text) if isinstance(node.value, str) else node.text
    return "a list" if isinstance(node, Sequence) else "a mapping"


@dataclass(frozen=True, slots=True)
class Text:
    """A text that is not empty and, where there is a `pattern`, matches it."""

    description: str = "a text"
    pattern: re.Pattern[str] | None = None

    def read(self, node: Node, reading: Reading) -> str | Invalid:
        value = node.value if isinstance(node, Scalar) else None
        if not isinstance(value, str) or not self._matches(value):
            reading.note_unexpected(node, self.description, self._quoting_hint(node))
            return INVALID
        return value

    def _matches(self, value: str) -> bool:
        return bool(value) and (self.pattern is None or self.pattern.fullmatch(value) is not None)

    def _quoting_hint(self, node: Node) -> str | None:
        """The hint for a number or flag of YAML where a text is expected, as in `version: 1.10`."""
        if not isinstance(node, Scalar) or isinstance(node.value, str | None) or not self._matches(node.text):
            return None
        return f'quote it: "{node.text}"'

    def schema(self) -> dict[str, Any]:
        schema: dict[str, Any] = {"type": "string", "minLength": 1}
        return {**schema, "pattern": f"^(?:{self.pattern.pattern})$"} if self.pattern else schema


WORD = Text("a name of letters, digits, `.`, `_` and `-`", NAME)


@dataclass(frozen=True, slots=True)
class Reference:
    """The name of something that must be defined elsewhere in the file: `what` is its kind, such as "environment".

    A name with captures of a pattern, such as `{1}`, is not checked: the captures are filled in later.
    """

    what: str
    kind: Kind = WORD

    @property
    def description(self) -> str:
        return self.kind.description

    def read(self, node: Node, reading: Reading) -> Any:
        name = self.kind.read(node, reading)
        if name is not INVALID and "{" not in name:
            reading.use(self.what, name, node)
        return name

    def schema(self) -> dict[str, Any]:
        return self.kind.schema()


@dataclass(frozen=True, slots=True)
class Convention:
    """A convention for names: one of the usual conventions, or a regular expression with bounded running time."""

    description: str = "`snake_case`, `kebab-case`, `any`, or a regular expression"

    def read(self, node: Node, reading: Reading) -> str | Invalid:
        value = node.value if isinstance(node, Scalar) else None
        if not isinstance(value, str) or not value:
            reading.note_unexpected(node, self.description)
            return INVALID
        why = find_fault(value)
        if why is not None:
            hint = "groups and `?` are allowed; only characters and classes can be repeated, at most three times"
            reading.note(node, f"{quote(value)} cannot be used for names: {why}", hint)
            return INVALID
        return value

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "minLength": 1, "maxLength": LONGEST_PATTERN}


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a fixed set of words."""

    words: tuple[str, ...]

    @property
    def description(self) -> str:
        *first, last = (f"`{word}`" for word in self.words)
        return f"{', '.join(first)} or {last}" if first else last

    def read(self, node: Node, reading: Reading) -> str | Invalid:
        value = node.value if isinstance(node, Scalar) else None
        if not isinstance(value, str) or value not in self.words:
            near = find_nearest(value, self.words) if isinstance(value, str) else None
            reading.note_unexpected(node, self.description, f"did you mean {near!r}?" if near else None)
            return INVALID
        return value

    def schema(self) -> dict[str, Any]:
        return {"enum": list(self.words)}


@dataclass(frozen=True, slots=True)
class Only:
    """One fixed number, such as the version of a format."""

    number: int

    @property
    def description(self) -> str:
        return f"`{self.number}`"

    def read(self, node: Node, reading: Reading) -> int | Invalid:
        if _integer(node) != self.number:
            reading.note_unexpected(node, self.description, "the file is for a newer Terrace: upgrade Terrace")
            return INVALID
        return self.number

    def schema(self) -> dict[str, Any]:
        return {"const": self.number}


@dataclass(frozen=True, slots=True)
class Number:
    """A whole number of at least `least`, and at most `most` where there is such a bound."""

    least: int = 0
    most: int | None = None

    @property
    def description(self) -> str:
        return f"a whole number from {self.least} " + (f"to {self.most}" if self.most is not None else "up")

    def read(self, node: Node, reading: Reading) -> int | Invalid:
        value = _integer(node)
        if value is None or value < self.least or (self.most is not None and value > self.most):
            is_quoted = isinstance(node, Scalar) and isinstance(node.value, str) and node.text.isdecimal()
            reading.note_unexpected(node, self.description, "remove the quotes" if is_quoted else None)
            return INVALID
        return value

    def schema(self) -> dict[str, Any]:
        schema = {"type": "integer", "minimum": self.least}
        return schema if self.most is None else {**schema, "maximum": self.most}


@dataclass(frozen=True, slots=True)
class Percentage:
    """A percentage from 1 to 100, such as `20%`. The value is the number."""

    description: str = "a percentage like `20%`"

    def read(self, node: Node, reading: Reading) -> int | Invalid:
        match = _PERCENTAGE.fullmatch(str(node.value)) if isinstance(node, Scalar) else None
        if match is None:
            number = _integer(node)
            reading.note_unexpected(node, self.description, f"add the unit: `{number}%`" if number else None)
            return INVALID
        return int(match[1])

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "pattern": f"^{_PERCENTAGE.pattern}$"}


@dataclass(frozen=True, slots=True)
class Day:
    """A date, such as `2026-12-31`."""

    description: str = "a date like `2026-12-31`"

    def read(self, node: Node, reading: Reading) -> date | Invalid:
        text = node.value if isinstance(node, Scalar) else None
        if isinstance(text, str) and _DAY.fullmatch(text):
            with contextlib.suppress(ValueError):
                return date.fromisoformat(text)
        reading.note_unexpected(node, self.description)
        return INVALID

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "pattern": f"^{_DAY.pattern}$"}


@dataclass(frozen=True, slots=True)
class Flag:
    """`true` or `false`."""

    description: str = "`true` or `false`"

    def read(self, node: Node, reading: Reading) -> bool | Invalid:
        value = node.value if isinstance(node, Scalar) else None
        if not isinstance(value, bool):
            meant = {"yes": "true", "on": "true", "no": "false", "off": "false"}.get(str(value).lower())
            reading.note_unexpected(node, self.description, f"write {meant}" if meant else None)
            return INVALID
        return value

    def schema(self) -> dict[str, Any]:
        return {"type": "boolean"}


@dataclass(frozen=True, slots=True)
class Duration:
    """A duration such as `15m`, `1h30m`, `2d` or `45s`. `zero` allows 0."""

    zero: bool = True

    @property
    def description(self) -> str:
        return "a duration like `15m`, `1h30m` or `2d`" + ("" if self.zero else ", more than 0")

    def read(self, node: Node, reading: Reading) -> timedelta | Invalid:
        number = _integer(node)
        value = node.value if isinstance(node, Scalar) else None
        span = timedelta(0) if number == 0 else parse_duration(value) if isinstance(value, str) else None
        if span is None or not (span or self.zero):
            hint = f"add the unit: `{number}s` or `{number}m`" if number else None
            reading.note_unexpected(node, self.description, hint)
            return INVALID
        return span

    def schema(self) -> dict[str, Any]:
        text = {"type": "string", "minLength": 1, "pattern": f"^{_DURATION.pattern}$"}
        return {"anyOf": [text, {"const": 0}]} if self.zero else text


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list of one kind. Items that have a problem are left out of the value. `items` describes them in the plural."""

    item: Kind
    least: int = 0
    items: str = ""

    @property
    def description(self) -> str:
        return f"a list of {self.items or f'values, each {self.item.description}'}"

    def read(self, node: Node, reading: Reading) -> tuple[Any, ...] | Invalid:
        if not isinstance(node, Sequence) or len(node.items) < self.least:
            reading.note_unexpected(node, self.description)
            return INVALID
        values = (self.item.read(item, reading) for item in node.items)
        return tuple(value for value in values if value is not INVALID)

    def schema(self) -> dict[str, Any]:
        return {"type": "array", "items": self.item.schema(), **({"minItems": self.least} if self.least else {})}


@dataclass(frozen=True, slots=True)
class MapOf:
    """A mapping from names to values of one kind. Entries that have a problem are left out of the value.

    `defines` is the kind of thing that the names name, such as "team", where other keys refer to them (`Reference`).
    `refuse` returns the message and the hint for an entry that is not allowed, given its name and its value. `names`
    and `items` describe both in the plural.
    """

    item: Kind
    key: Kind = WORD
    defines: str = ""
    refuse: Callable[[str, Any], tuple[str, str] | None] = lambda name, value: None
    names: str = "names"
    items: str = "values"

    @property
    def description(self) -> str:
        return f"a mapping from {self.names} to {self.items}"

    def read(self, node: Node, reading: Reading) -> dict[str, Any] | Invalid:
        if not isinstance(node, Mapping):
            reading.note_unexpected(node, self.description, empty_mapping_hint(node))
            return INVALID
        values = {}
        for key, item in node.pairs:
            name = self.key.read(key, reading)
            value = self.item.read(item, reading)
            if name is INVALID:
                continue
            if self.defines:
                reading.define(self.defines, name)
            if value is INVALID:
                continue
            refusal = self.refuse(name, value)
            if refusal is None:
                values[name] = value
            else:
                reading.note(key, *refusal)
        return values

    def schema(self) -> dict[str, Any]:
        return {"type": "object", "propertyNames": self.key.schema(), "additionalProperties": self.item.schema()}


@dataclass(frozen=True, slots=True)
class Converted:
    """A kind with a conversion: `convert` returns the value to use for the value that was read."""

    kind: Kind
    convert: Callable[[Any], Any]

    @property
    def description(self) -> str:
        return self.kind.description

    def read(self, node: Node, reading: Reading) -> Any:
        value = self.kind.read(node, reading)
        return value if value is INVALID else self.convert(value)

    def schema(self) -> dict[str, Any]:
        return self.kind.schema()


@dataclass(frozen=True, slots=True)
class Checked:
    """A kind with a further check: `fault` returns the message for a value that cannot be used, or None."""

    kind: Kind
    find_fault: Callable[[Any], str | None]
    hint: str | None = None

    @property
    def description(self) -> str:
        return self.kind.description

    def read(self, node: Node, reading: Reading) -> Any:
        value = self.kind.read(node, reading)
        message = self.find_fault(value) if value is not INVALID else None
        if message is None:
            return value
        reading.note(node, message, self.hint)
        return INVALID

    def schema(self) -> dict[str, Any]:
        return self.kind.schema()


@dataclass(frozen=True, slots=True)
class ReservedPrefix:
    """A kind of text. Texts that begin with `begins` are reserved for a later version and refused."""

    kind: Kind
    begins: str

    @property
    def description(self) -> str:
        return self.kind.description

    def read(self, node: Node, reading: Reading) -> Any:
        if isinstance(node, Scalar) and node.text.startswith(self.begins):
            reading.problems.append(reserved_word_problem(node))
            return INVALID
        return self.kind.read(node, reading)

    def schema(self) -> dict[str, Any]:
        return self.kind.schema()


@dataclass(frozen=True, slots=True)
class Either:
    """One of several kinds. `choose` returns the kind that fits the shape of a node."""

    choose: Callable[[Node], Kind]
    kinds: tuple[Kind, ...]

    @property
    def description(self) -> str:
        return ", or ".join(kind.description for kind in self.kinds)

    def read(self, node: Node, reading: Reading) -> Any:
        return self.choose(node).read(node, reading)

    def schema(self) -> dict[str, Any]:
        return {"anyOf": [kind.schema() for kind in self.kinds]}
