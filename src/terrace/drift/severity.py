"""How bad a difference is: rules as data, the worst one counts."""

from __future__ import annotations

from collections.abc import Iterable

from terrace.assess.model import Severity
from terrace.clouds.exposure import HARMLESS, PROTECTION_ATTRIBUTES, SECURITY_ATTRIBUTES, SECURITY_TYPES, is_one_of
from terrace.clouds.stateful import is_stateful
from terrace.plans.model import Action


def severity(type_: str, paths: Iterable[str], *, undo: Action = Action.NO_OP, gone: bool = False) -> Severity:
    """How bad it is that these paths of an object differ, or that it is `gone`. `undo` is what would mend it."""
    found = [_of_path(type_, path) for path in paths]
    if gone:
        grave = is_stateful(type_) or is_one_of(type_, SECURITY_TYPES)
        found.append(Severity.CRITICAL if grave else Severity.HIGH)
    if undo in (Action.REPLACE, Action.DELETE):
        found.append(Severity.HIGH)
    # A type that no rule knows, or a difference that has no path, is no small thing and no great one.
    default = Severity.CRITICAL if is_one_of(type_, SECURITY_TYPES) else Severity.MEDIUM
    return max(found, default=default)


def _of_path(type_: str, path: str) -> Severity:
    attribute = path.partition(".")[0]
    if attribute in HARMLESS:
        return Severity.LOW
    if is_one_of(type_, SECURITY_TYPES) or is_one_of(attribute, SECURITY_ATTRIBUTES):
        return Severity.CRITICAL
    return Severity.HIGH if is_one_of(attribute, PROTECTION_ATTRIBUTES) else Severity.MEDIUM
