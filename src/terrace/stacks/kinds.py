"""What a value of terrace.yaml may be. Each kind reads a node, says what is wrong with it, and describes itself.

One table of keys made of these (`keys`) drives the loader, the JSON Schema and the reference page.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Protocol

from terrace.stacks.naming import NAME, nearest
from terrace.stacks.yaml_nodes import Mapping, Node, Problem, Scalar, Sequence

Problems = list[Problem]

_DURATION = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")
_SECONDS = (86400, 3600, 60, 1)


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


def wrong(node: Node, wanted: str, problems: Problems) -> None:
    """Note that a node is not what is wanted."""
    problems.append(Problem(node.place, f"here stands {_shown(node)}, and it should be {wanted}"))


def _shown(node: Node) -> str:
    if isinstance(node, Scalar):
        return "nothing" if node.value is None else repr(node.value)
    return "a list" if isinstance(node, Sequence) else "a mapping"


@dataclass(frozen=True, slots=True)
class Text:
    """Any text that is not empty, or one that `pattern` matches."""

    word: str = "a text"
    pattern: re.Pattern[str] | None = None

    def read(self, node: Node, problems: Problems) -> str | None:
        value = node.value if isinstance(node, Scalar) else None
        if not isinstance(value, str) or not value or (self.pattern and not self.pattern.fullmatch(value)):
            wrong(node, self.word, problems)
            return None
        return value

    def schema(self) -> dict[str, Any]:
        found: dict[str, Any] = {"type": "string", "minLength": 1}
        return {**found, "pattern": f"^(?:{self.pattern.pattern})$"} if self.pattern else found


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
        if value not in self.words or not isinstance(value, str):
            near = nearest(str(value), self.words) if value is not None else None
            hint = f"did you mean {near!r}?" if near else None
            problems.append(Problem(node.place, f"here stands {_shown(node)}, and it should be {self.word}", hint))
            return None
        return value

    def schema(self) -> dict[str, Any]:
        return {"enum": list(self.words)}


@dataclass(frozen=True, slots=True)
class Number:
    """A whole number of at least `least`."""

    least: int = 0

    @property
    def word(self) -> str:
        return f"a whole number from {self.least} up"

    def read(self, node: Node, problems: Problems) -> int | None:
        value = node.value if isinstance(node, Scalar) else None
        if not isinstance(value, int) or isinstance(value, bool) or value < self.least:
            wrong(node, self.word, problems)
            return None
        return value

    def schema(self) -> dict[str, Any]:
        return {"type": "integer", "minimum": self.least}


@dataclass(frozen=True, slots=True)
class Flag:
    """`true` or `false`."""

    word: str = "`true` or `false`"

    def read(self, node: Node, problems: Problems) -> bool | None:
        value = node.value if isinstance(node, Scalar) else None
        if not isinstance(value, bool):
            wrong(node, self.word, problems)
            return None
        return value

    def schema(self) -> dict[str, Any]:
        return {"type": "boolean"}


@dataclass(frozen=True, slots=True)
class Duration:
    """`15m`, `1h30m`, `2d`, `45s`."""

    word: str = "a duration like `15m`, `1h30m` or `2d`"

    def read(self, node: Node, problems: Problems) -> timedelta | None:
        value = node.value if isinstance(node, Scalar) else None
        if value == 0 and not isinstance(value, bool):
            return timedelta(0)
        found = _DURATION.fullmatch(value) if isinstance(value, str) and len(value) < 20 else None
        if found is None or not any(found.groups()):
            wrong(node, self.word, problems)
            return None
        return timedelta(seconds=sum(int(n or 0) * size for n, size in zip(found.groups(), _SECONDS, strict=True)))

    def schema(self) -> dict[str, Any]:
        return {"anyOf": [{"type": "string", "pattern": "^(\\d+d)?(\\d+h)?(\\d+m)?(\\d+s)?$"}, {"const": 0}]}


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
            wrong(node, self.word, problems)
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
    """One key of a record: its kind, what happens without it, who acts on it, and what it is for."""

    name: str
    kind: Kind
    doc: str
    default: str = "none"
    reader: str = ""
    needed: bool = False


@dataclass(frozen=True, slots=True)
class Record:
    """A mapping with known keys. `later` are keys that this version knows and does not act on: they are refused."""

    word: str
    keys: tuple[Key, ...]
    later: frozenset[str] = field(default_factory=frozenset)

    def read(self, node: Node, problems: Problems) -> dict[str, Located] | None:
        if not isinstance(node, Mapping):
            wrong(node, self.word, problems)
            return None
        known = {key.name: key for key in self.keys}
        found = {}
        for name, value in node.pairs:
            key = known.get(str(name.value))
            if key is None:
                problems.append(self._unknown(name, known))
                continue
            read = key.kind.read(value, problems)
            if read is not None:
                found[key.name] = Located(read, value)
        given = {str(name.value) for name, _ in node.pairs}
        for key in self.keys:
            if key.needed and key.name not in given:
                problems.append(Problem(node.place, f"`{key.name}` is missing: {key.doc}", f"`{key.name}: ...`"))
        return found

    def _unknown(self, name: Scalar, known: dict[str, Key]) -> Problem:
        if name.value in self.later:
            return Problem(
                name.place,
                f"this version of Terrace does not act on `{name.value}` yet",
                "remove it: a rule that is silently ignored would be worse than none",
            )
        near = nearest(str(name.value), known)
        hint = f"did you mean `{near}`?" if near else f"there is {', '.join(known)}"
        return Problem(name.place, f"`{name.value}` is not a key of {self.word}", hint)

    def schema(self) -> dict[str, Any]:
        properties = {}
        for key in self.keys:
            properties[key.name] = {**key.kind.schema(), "description": f"{key.doc} Default: {key.default}."}
        needed = [key.name for key in self.keys if key.needed]
        found = {"type": "object", "properties": properties, "additionalProperties": False}
        return {**found, "required": needed} if needed else found


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
