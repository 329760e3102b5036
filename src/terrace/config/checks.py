"""What terrace.yaml needs to know of the checks that exist: their names, their default levels, their own keys.

`terrace.checks` defines the checks and builds on this package, so that `load` takes them as an argument.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from terrace.config.comparisons import Inside
from terrace.config.kinds import Key, Record

if TYPE_CHECKING:
    from terrace.config.model import Level

T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class Settings(Generic[T]):
    """A top-level key of terrace.yaml that belongs to a check.

    `default` is the value without the key; `read` turns what the key's kind has read into a value. `record` describes
    the keys below, where there are any.
    """

    key: Key
    default: T
    read: Callable[[Any], T]
    record: Record | None = None

    def as_read(self, value: T) -> Any:
        """Returns a value in the shape of the table of keys, in which configurations are compared."""
        if is_dataclass(value) and not isinstance(value, type):
            return {field.name: getattr(value, field.name) for field in fields(value)}
        return value


def record_settings(
    record: Record, default: T, doc: str, *, shown_default: str = "see there", reader: str = "check"
) -> Settings[T]:
    """Returns the settings of the key that `record` is named after; its keys are the fields of `default`."""
    key = Key(record.word, record, doc, shown_default, reader, looser=Inside(record))
    kind = type(default)
    return Settings(key, default, lambda found: kind(**{name: one.value for name, one in found.items()}), record)


@dataclass(frozen=True, kw_only=True, eq=False)
class DeclaredCheck:
    """What a check declares: the name by which terrace.yaml sets its level, its default level, and its own keys."""

    name: str
    level: Level = "required"
    settings: tuple[Settings[Any], ...] = ()


DeclaredChecks = Mapping[str, DeclaredCheck]
"""Checks by name, in the order in which findings are shown."""


def settings_of(checks: DeclaredChecks) -> tuple[Settings[Any], ...]:
    """Returns the settings of all checks, in the order of the checks."""
    return tuple(settings for check in checks.values() for settings in check.settings)
