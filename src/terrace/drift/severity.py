"""The severity of drift: by the type of the resource, the changed attributes, and whether it was deleted."""

from __future__ import annotations

from collections.abc import Iterable

from terrace.assess.model import Severity
from terrace.clouds.exposure import HARMLESS, PROTECTION_ATTRIBUTES, SECURITY_ATTRIBUTES, is_one_of, is_security_type
from terrace.clouds.stateful import is_stateful
from terrace.plans.model import Action


def severity(type_: str, paths: Iterable[str], *, undo: Action = Action.NO_OP, gone: bool = False) -> Severity:
    """Returns the severity of a difference in these paths of a resource, or of its deletion (`gone`). `undo` is what
    would fix it."""
    severities = [_of_path(type_, path) for path in paths]
    if gone:
        grave = is_stateful(type_) or is_security_type(type_)
        severities.append(Severity.CRITICAL if grave else Severity.HIGH)
    if undo in (Action.REPLACE, Action.DELETE):
        severities.append(Severity.HIGH)
    # A type without a rule, or a difference without a path, is neither minor nor severe.
    default = Severity.CRITICAL if is_security_type(type_) else Severity.MEDIUM
    return max(severities, default=default)


def _of_path(type_: str, path: str) -> Severity:
    attribute = path.partition(".")[0]
    if attribute in HARMLESS:
        return Severity.LOW
    if is_security_type(type_) or is_one_of(attribute, SECURITY_ATTRIBUTES):
        return Severity.CRITICAL
    return Severity.HIGH if is_one_of(attribute, PROTECTION_ATTRIBUTES) else Severity.MEDIUM


def is_grave(type_: str, kept: tuple[str, ...]) -> bool:
    """Returns whether adopting these paths into the state would hide a security-related difference."""
    return bool(kept) and severity(type_, kept) is Severity.CRITICAL
