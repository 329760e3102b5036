"""What a value of terrace.yaml may be. Each kind reads a node, says what is wrong with it, and describes itself.

One table of keys made of these (`keys`) drives the loader, the JSON Schema and the reference page.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Protocol

from terrace.config.comparisons import Comparison
from terrace.config.naming import NAME, nearest
from terrace.config.patterns import LONGEST as LONGEST_PATTERN
from terrace.config.patterns import fault
from terrace.config.yaml_nodes import Mapping, Node, Problem, Problems, Scalar, Sequence, shown

_DURATION = re.compile(r"(?:([0-9]+)d)?(?:([0-9]+)h)?(?:([0-9]+)m)?(?:([0-9]+)s)?")
_PERCENTAGE = re.compile(r"([1-9][0-9]?|100)%")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_SECONDS = (86400, 3600, 60, 1)

LONGEST = timedelta(days=3650)
"""The longest duration that is read. Any moment of this century plus it is still a date."""


@dataclass(frozen=True, slots=True)
class Located:
    """A value that was read, with the node that it came from: for what is checked later, across keys."""

    value: Any
    node: Node


class Kind(Protocol):
    """One kind of value."""

    @property
    def word(self) -> str:
        """What it is, for people: `a duration like 15m`."""
        ...

    def read(self, node: Node, problems: Problems) -> Any:
        """The value, or None after a problem was noted."""
        ...

    def schema(self) -> dict[str, Any]:
        """It as JSON Schema."""
        ...


def wrong(node: Node, wanted: str, problems: Problems, hint: str | None = None) -> None:
    """Note that a node is not what is wanted."""
    problems.append(Problem(node.place, f"here stands {_stands(node)}, and it should be {wanted}", hint))


def not_yet(node: Scalar) -> Problem:
    """What is said of a word that this version knows and does not act on."""
    return Problem(
        node.place,
        f"this version of Terrace does not act on `{shown(node.text)[1:-1]}` yet",
        "remove it: a rule that is silently ignored would be worse than none",
    )


def _whole(node: Node) -> int | None:
    value = node.value if isinstance(node, Scalar) else None
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _span(node: Node) -> timedelta | None:
    """The duration that a text says; None when it says none, or one of more than LONGEST."""
    text = node.value if isinstance(node, Scalar) else None
    found = _DURATION.fullmatch(text) if isinstance(text, str) and 0 < len(text) < 20 else None
    if found is None:
        return None
    seconds = sum(int(n or 0) * size for n, size in zip(found.groups(), _SECONDS, strict=True))
    return timedelta(seconds=seconds) if seconds <= LONGEST.total_seconds() else None


def _empty(node: Node) -> str | None:
    """What helps where nothing stands and a mapping is meant."""
    return "`{}` is an empty one" if isinstance(node, Scalar) and node.value is None else None


def _stands(node: Node) -> str:
    if isinstance(node, Scalar):
        if node.value is None:
            return "nothing"
        return shown(node.text) if isinstance(node.value, str) else node.text
    return "a list" if isinstance(node, Sequence) else "a mapping"


@dataclass(frozen=True, slots=True)
class Text:
    """Any text that is not empty, or one that `pattern` matches."""

    word: str = "a text"
    pattern: re.Pattern[str] | None = None

    def read(self, node: Node, problems: Problems) -> str | None:
        value = node.value if isinstance(node, Scalar) else None
        if not isinstance(value, str) or not self._fits(value):
            wrong(node, self.word, problems, self._quoted(node))
            return None
        return value

    def _fits(self, value: str) -> bool:
        return bool(value) and (self.pattern is None or self.pattern.fullmatch(value) is not None)

    def _quoted(self, node: Node) -> str | None:
        """What helps where YAML reads a number or a flag and a text is meant, as in `version: 1.10`."""
        plain = isinstance(node, Scalar) and not isinstance(node.value, str | None)
        return f'quote it: "{node.text}"' if isinstance(node, Scalar) and plain and self._fits(node.text) else None

    def schema(self) -> dict[str, Any]:
        found: dict[str, Any] = {"type": "string", "minLength": 1}
        return {**found, "pattern": f"^(?:{self.pattern.pattern})$"} if self.pattern else found


@dataclass(frozen=True, slots=True)
class Convention:
    """How names are written: the name of a convention, or a regular expression that cannot run away."""

    word: str = "`snake_case`, `kebab-case`, `any`, or a regular expression"

    def read(self, node: Node, problems: Problems) -> str | None:
        value = node.value if isinstance(node, Scalar) else None
        if not isinstance(value, str) or not value:
            wrong(node, self.word, problems)
            return None
        found = fault(value)
        if found is not None:
            hint = "groups and `?` are fine; repeat characters and classes only, three times at most"
            problems.append(Problem(node.place, f"{shown(value)} cannot be used for names: {found}", hint))
            return None
        return value

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "minLength": 1, "maxLength": LONGEST_PATTERN}


WORD = Text("a name of letters, digits, `.`, `_` and `-`", NAME)


@dataclass(frozen=True, slots=True)
class Choice:
    """One of some words."""

    words: tuple[str, ...]

    @property
    def word(self) -> str:
        return " or ".join(f"`{w}`" for w in self.words)

    def read(self, node: Node, problems: Problems) -> str | None:
        value = node.value if isinstance(node, Scalar) else None
        if not isinstance(value, str) or value not in self.words:
            near = nearest(value, self.words) if isinstance(value, str) else None
            wrong(node, self.word, problems, f"did you mean {near!r}?" if near else None)
            return None
        return value

    def schema(self) -> dict[str, Any]:
        return {"enum": list(self.words)}


@dataclass(frozen=True, slots=True)
class Only:
    """One number and no other: the version of a format."""

    number: int

    @property
    def word(self) -> str:
        return f"`{self.number}`"

    def read(self, node: Node, problems: Problems) -> int | None:
        if _whole(node) != self.number:
            wrong(node, self.word, problems, "what a newer Terrace writes needs a newer Terrace")
            return None
        return self.number

    def schema(self) -> dict[str, Any]:
        return {"const": self.number}


@dataclass(frozen=True, slots=True)
class Number:
    """A whole number of at least `least`, and at most `most` where there is such a bound."""

    least: int = 0
    most: int | None = None

    @property
    def word(self) -> str:
        return f"a whole number from {self.least} " + (f"to {self.most}" if self.most is not None else "up")

    def read(self, node: Node, problems: Problems) -> int | None:
        value = _whole(node)
        if value is None or value < self.least or (self.most is not None and value > self.most):
            digits = isinstance(node, Scalar) and isinstance(node.value, str) and node.text.isdecimal()
            wrong(node, self.word, problems, "take the quotes away" if digits else None)
            return None
        return value

    def schema(self) -> dict[str, Any]:
        found = {"type": "integer", "minimum": self.least}
        return found if self.most is None else {**found, "maximum": self.most}


@dataclass(frozen=True, slots=True)
class Percentage:
    """`20%`, from 1 to 100; the value is the number."""

    word: str = "a percentage like `20%`"

    def read(self, node: Node, problems: Problems) -> int | None:
        found = _PERCENTAGE.fullmatch(str(node.value)) if isinstance(node, Scalar) else None
        if found is None:
            number = _whole(node)
            wrong(node, self.word, problems, f"say the unit: `{number}%`" if number else None)
            return None
        return int(found[1])

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "pattern": f"^{_PERCENTAGE.pattern}$"}


@dataclass(frozen=True, slots=True)
class Day:
    """`2026-12-31`."""

    word: str = "a day like `2026-12-31`"

    def read(self, node: Node, problems: Problems) -> date | None:
        text = node.value if isinstance(node, Scalar) else None
        if isinstance(text, str) and _DAY.fullmatch(text):
            with contextlib.suppress(ValueError):
                return date.fromisoformat(text)
        wrong(node, self.word, problems)
        return None

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "pattern": f"^{_DAY.pattern}$"}


@dataclass(frozen=True, slots=True)
class Flag:
    """`true` or `false`."""

    word: str = "`true` or `false`"

    def read(self, node: Node, problems: Problems) -> bool | None:
        value = node.value if isinstance(node, Scalar) else None
        if not isinstance(value, bool):
            meant = {"yes": "true", "on": "true", "no": "false", "off": "false"}.get(str(value).lower())
            wrong(node, self.word, problems, f"write {meant}" if meant else None)
            return None
        return value

    def schema(self) -> dict[str, Any]:
        return {"type": "boolean"}


@dataclass(frozen=True, slots=True)
class Duration:
    """`15m`, `1h30m`, `2d`, `45s`; 0 where `zero` is a duration too."""

    zero: bool = True

    @property
    def word(self) -> str:
        return "a duration like `15m`, `1h30m` or `2d`" + ("" if self.zero else ", more than 0")

    def read(self, node: Node, problems: Problems) -> timedelta | None:
        number = _whole(node)
        found = timedelta(0) if number == 0 else _span(node)
        if found is None or not (found or self.zero):
            wrong(node, self.word, problems, f"say the unit: `{number}s` or `{number}m`" if number else None)
            return None
        return found

    def schema(self) -> dict[str, Any]:
        text = {"type": "string", "minLength": 1, "pattern": f"^{_DURATION.pattern}$"}
        return {"anyOf": [text, {"const": 0}]} if self.zero else text


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list of one kind."""

    item: Kind
    least: int = 0

    @property
    def word(self) -> str:
        return f"a list of {self.item.word}"

    def read(self, node: Node, problems: Problems) -> tuple[Any, ...] | None:
        if not isinstance(node, Sequence) or len(node.items) < self.least:
            wrong(node, self.word, problems)
            return None
        return tuple(self.item.read(item, problems) for item in node.items)

    def schema(self) -> dict[str, Any]:
        return {"type": "array", "items": self.item.schema(), **({"minItems": self.least} if self.least else {})}


@dataclass(frozen=True, slots=True)
class MapOf:
    """A mapping from names to one kind. The values come as Located, for later words about them."""

    item: Kind
    key: Kind = WORD

    @property
    def word(self) -> str:
        return f"a mapping from {self.key.word} to {self.item.word}"

    def read(self, node: Node, problems: Problems) -> dict[str, Located] | None:
        if not isinstance(node, Mapping):
            wrong(node, self.word, problems, _empty(node))
            return None
        found = {}
        for key, value in node.pairs:
            name = self.key.read(key, problems)
            read = self.item.read(value, problems)
            if name is not None:
                found[str(name)] = Located(read, key)
        return found

    def schema(self) -> dict[str, Any]:
        return {"type": "object", "propertyNames": self.key.schema(), "additionalProperties": self.item.schema()}


@dataclass(frozen=True, slots=True)
class Key:
    """One key of a record: its kind, what happens without it, who acts on it, and what it is for.

    `looser` declares which of its values let more through; a key without that declaration cannot be made.
    """

    name: str
    kind: Kind
    doc: str
    default: str = "none"
    reader: str = ""
    needed: bool = False
    looser: Comparison = field(kw_only=True)


@dataclass(frozen=True, slots=True)
class Record:
    """A mapping with known keys. `later` are keys that this version knows and does not act on: they are refused."""

    word: str
    keys: tuple[Key, ...]
    later: frozenset[str] = field(default_factory=frozenset)

    def read(self, node: Node, problems: Problems) -> dict[str, Located] | None:
        if not isinstance(node, Mapping):
            hint = None if any(key.needed for key in self.keys) else _empty(node)
            wrong(node, f"a mapping with keys of {self.word}", problems, hint)
            return None
        known = {key.name: key for key in self.keys}
        found = {}
        for name, value in node.pairs:
            key = known.get(name.text)
            if key is None:
                problems.append(self._unknown(name, known))
                continue
            read = key.kind.read(value, problems)
            if read is not None:
                found[key.name] = Located(read, value)
        self._complete(node, problems)
        return found

    def _complete(self, node: Mapping, problems: Problems) -> None:
        given = {name.text for name, _ in node.pairs}
        for key in self.keys:
            if key.needed and key.name not in given:
                problems.append(Problem(node.place, f"`{key.name}` is missing: {key.doc}", f"`{key.name}: ...`"))

    def _unknown(self, name: Scalar, known: dict[str, Key]) -> Problem:
        if name.text in self.later:
            return not_yet(name)
        near = nearest(name.text, known)
        hint = f"did you mean `{near}`?" if near else f"there is {', '.join(known)}"
        return Problem(name.place, f"`{shown(name.text)[1:-1]}` is not a key of {self.word}", hint)

    def schema(self) -> dict[str, Any]:
        properties = {}
        for key in self.keys:
            doc = key.doc if key.needed else f"{key.doc} Default: {key.default}."
            properties[key.name] = {**key.kind.schema(), "description": doc}
        needed = [key.name for key in self.keys if key.needed]
        found = {"type": "object", "properties": properties, "additionalProperties": False}
        return {**found, "required": needed} if needed else found


@dataclass(frozen=True, slots=True)
class Later:
    """A kind some of whose texts this version knows and does not act on: those that begin with `begins`."""

    kind: Kind
    begins: str

    @property
    def word(self) -> str:
        return self.kind.word

    def read(self, node: Node, problems: Problems) -> Any:
        if isinstance(node, Scalar) and node.text.startswith(self.begins):
            problems.append(not_yet(node))
            return None
        return self.kind.read(node, problems)

    def schema(self) -> dict[str, Any]:
        return self.kind.schema()


@dataclass(frozen=True, slots=True)
class Either:
    """One of several kinds, told apart by what the node looks like."""

    choose: Callable[[Node], Kind]
    kinds: tuple[Kind, ...]

    @property
    def word(self) -> str:
        return ", or ".join(kind.word for kind in self.kinds)

    def read(self, node: Node, problems: Problems) -> Any:
        return self.choose(node).read(node, problems)

    def schema(self) -> dict[str, Any]:
        return {"anyOf": [kind.schema() for kind in self.kinds]}
