"""Comparisons of the old and the new value of a key: each key of terrace.yaml declares one.

A comparison yields a sentence for each way in which the new value allows more. In doubt it yields one: people decide
whether another probe, key or binary is as good as the old one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from terrace.config.kinds import spell_value

if TYPE_CHECKING:
    from terrace.config.records import Record


@dataclass(frozen=True, slots=True)
class Pair:
    """The old and the new value of a key. `name` is the entry that contains it, such as the environment.

    `scopes` are the records around it, old and new, the innermost first.
    """

    key: str
    name: str
    old: Any
    new: Any
    scopes: tuple[tuple[Any, Any], ...]

    def say(self, sentence: str, **more: Any) -> str:
        """Returns the sentence with its names filled in: {name}, {key}, {old}, {new}, and `more`."""
        names = {"name": self.name, "key": self.key, "old": _spell(self.old), "new": _spell(self.new)}
        return sentence.format(**names, **more)


def _spell(value: Any) -> str:
    return "nothing" if value in (None, "") else spell_value(value)


class Comparison(Protocol):
    """The comparison of the values of one key."""

    @property
    def description(self) -> str:
        """The condition under which the new value is looser, for the reference page."""
        ...

    def compare(self, pair: Pair) -> Iterator[str]:
        """Yields a sentence for each way in which the new value allows more; none for equal values."""
        ...


def compare_records(record: Record[Any], name: str, old: Any, new: Any, *outer: tuple[Any, Any]) -> Iterator[str]:
    """Yields the sentences for all keys of two records of one table. `outer` are the records around them."""
    scopes = ((old, new), *outer)
    for key in record.keys:
        yield from key.looser.compare(Pair(key.name, name, key.value_in(old), key.value_in(new), scopes))


@dataclass(frozen=True, slots=True)
class Never:
    """No value of the key allows more than another, for the given reason."""

    reason: str
    description: str = "never"

    def compare(self, pair: Pair) -> Iterator[str]:
        """Yields nothing."""
        return iter(())


@dataclass(frozen=True, slots=True)
class PartOf:
    """The key is compared together with the other keys of its record, by the comparison of `key`."""

    key: str

    @property
    def description(self) -> str:
        return f"as part of `{self.key}`"

    def compare(self, pair: Pair) -> Iterator[str]:
        """Yields nothing: `key` compares the whole record."""
        return iter(())


@dataclass(frozen=True, slots=True)
class Lower:
    """A lower number or a shorter duration is looser."""

    sentence: str
    description: str = "it is lower"

    def compare(self, pair: Pair) -> Iterator[str]:
        if pair.new < pair.old:
            yield pair.say(self.sentence)


@dataclass(frozen=True, slots=True)
class Higher:
    """A higher number or a longer duration is looser. `unlimited` are the values that mean "without a limit".

    `when` returns whether the key has an effect, given the old record.
    """

    sentence: str
    unlimited: tuple[Any, ...] = ()
    when: Callable[[Any], bool] = lambda _: True
    description: str = "it is higher"

    def compare(self, pair: Pair) -> Iterator[str]:
        if pair.old in self.unlimited or not self.when(pair.scopes[0][0]):
            return
        if pair.new in self.unlimited or pair.new > pair.old:
            yield pair.say(self.sentence)


@dataclass(frozen=True, slots=True)
class Ordered:
    """The values of the key in order, from the strictest to the loosest."""

    values: tuple[Any, ...]
    sentence: str

    @property
    def description(self) -> str:
        *first, last = (f"`{spell_value(value)}`" for value in self.values[1:])
        return f"it becomes {', '.join(first)} or {last}" if first else f"it becomes {last}"

    def compare(self, pair: Pair) -> Iterator[str]:
        if self.values.index(pair.new) > self.values.index(pair.old):
            yield pair.say(self.sentence)


@dataclass(frozen=True, slots=True)
class Changed:
    """Any other value can be looser, unless the old value is one of `unless`: those allow everything."""

    sentence: str
    unless: tuple[Any, ...] = ()
    description: str = "it changes"

    def compare(self, pair: Pair) -> Iterator[str]:
        if pair.old != pair.new and pair.old not in self.unless:
            yield pair.say(self.sentence)


@dataclass(frozen=True, slots=True)
class Added:
    """More members are looser. `show` returns the text for a member. With `empty_is_all`, an empty list means all."""

    sentence: str
    empty_is_all: bool = False
    show: Callable[[Any], str] = str
    description: str = "a value is added"

    def compare(self, pair: Pair) -> Iterator[str]:
        added = [item for item in pair.new if item not in pair.old]
        if self.empty_is_all and not pair.old:
            return
        if added or (self.empty_is_all and not pair.new):
            yield pair.say(self.sentence, items=", ".join(sorted(map(self.show, added))))


@dataclass(frozen=True, slots=True)
class Removed:
    """Fewer members are looser."""

    sentence: str
    description: str = "a value is removed"

    def compare(self, pair: Pair) -> Iterator[str]:
        removed = sorted(str(item) for item in pair.old if item not in pair.new)
        if removed:
            yield pair.say(self.sentence, items=", ".join(removed))


@dataclass(frozen=True, slots=True)
class Fewer:
    """A lower number for any name of a mapping is looser. A missing name counts as 0."""

    sentence: str
    description: str = "a number is lower or missing"

    def compare(self, pair: Pair) -> Iterator[str]:
        for item, number in pair.old.items():
            if pair.new.get(item, 0) < number:
                yield pair.say(self.sentence, item=item, number=pair.new.get(item, 0), before=number)


@dataclass(frozen=True, slots=True)
class AddedMembers:
    """More members in any list of a mapping are looser, in new lists as well."""

    sentence: str
    description: str = "a value is added"

    def compare(self, pair: Pair) -> Iterator[str]:
        for item, members in pair.new.items():
            added = sorted(member for member in members if member not in pair.old.get(item, ()))
            if added:
                yield pair.say(self.sentence, item=item, items=", ".join(added))


@dataclass(frozen=True, slots=True)
class Inside:
    """A nested record: its keys are compared one by one."""

    record: Record[Any]
    description: str = "see its keys"
    by_key: bool = False
    """True: sentences use the name of the key instead of the name of the entry around it."""

    def compare(self, pair: Pair) -> Iterator[str]:
        if pair.old is None and pair.new is None:
            return
        name = pair.key if self.by_key else pair.name
        yield from compare_records(self.record, name, pair.old, pair.new, *pair.scopes)


@dataclass(frozen=True, slots=True)
class InsteadOf:
    """A nested record that defaults to the value of another key: `key`, in the record that is `up` levels higher."""

    record: Record[Any]
    key: str
    up: int
    suffix: str
    description: str = "see its keys"

    def compare(self, pair: Pair) -> Iterator[str]:
        if (pair.old, pair.new) == (None, None):
            return
        was, is_ = pair.scopes[self.up]
        old = getattr(was, self.key) if pair.old is None else pair.old
        new = getattr(is_, self.key) if pair.new is None else pair.new
        for way in compare_records(self.record, pair.name, old, new):
            yield f"{way}{self.suffix}"


@dataclass(frozen=True, slots=True)
class Entries:
    """Records by name. `gone` is the sentence for a removed record, `new` the sentence for a new one.

    Without `new`, a new record is compared with `nothing`.
    """

    record: Record[Any]
    gone: str
    new: str = ""
    nothing: Any = None
    description: str = "see its keys"

    def compare(self, pair: Pair) -> Iterator[str]:
        for name in pair.old:
            if name not in pair.new:
                yield self.gone.format(name=name)
        for name, values in pair.new.items():
            if name in pair.old:
                yield from compare_records(self.record, name, pair.old[name], values, *pair.scopes)
            elif self.new:
                yield self.new.format(name=name)
            elif self.nothing is not None:
                yield from compare_records(self.record, name, self.nothing, values, *pair.scopes)
