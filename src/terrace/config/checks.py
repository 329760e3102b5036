"""The declarations of checks for terrace.yaml: their names, their default levels, their own keys.

`terrace.checks` defines the checks and builds on this package, so that `load` takes them as an argument.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from terrace.config.comparisons import Inside
from terrace.config.records import Key, Record, Spread

if TYPE_CHECKING:
    from terrace.config.model import Level

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, slots=True, eq=False)
class Settings(Generic[T_co]):
    """A top-level key of terrace.yaml that belongs to a check.

    `default` is the value without the key. `record` describes the keys below, where there are any.
    """

    key: Key
    default: T_co
    record: Record[Any] | None = None

    @property
    def entry(self) -> Key:
        """The key as part of the whole file: its value is one of `Config.settings`."""
        name = self.key.name
        place = Spread(lambda value: {"settings": {name: value}}, lambda config: config.setting(self))
        return replace(self.key, sets=place)


def record_settings(
    record: Record[T], doc: str, *, shown_default: str = "see its keys", reader: str = "check"
) -> Settings[T]:
    """Returns the settings of the key that `record` is named after."""
    key = Key(record.title, record, doc, reader, default=shown_default, looser=Inside(record))
    return Settings(key, record.makes(), record)


@dataclass(frozen=True, kw_only=True, eq=False)
class DeclaredCheck:
    """The declaration of a check: its name in terrace.yaml, its default level, and its own keys.

    The findings of a check have its name as their rule, unless it has `own_rules`, as policies and scanners do; then
    only a finding that the check could not run has its name. `never_waived` is the reason why no waiver accepts a
    finding with the check's name; "" where a waiver can.
    """

    name: str
    level: Level = "required"
    settings: tuple[Settings[Any], ...] = ()
    own_rules: bool = False
    never_waived: str = ""


DeclaredChecks = Mapping[str, DeclaredCheck]
"""Checks by name, in the order in which findings are shown."""


def settings_of(checks: DeclaredChecks) -> tuple[Settings[Any], ...]:
    """Returns the settings of all checks, in the order of the checks."""
    return tuple(settings for check in checks.values() for settings in check.settings)
