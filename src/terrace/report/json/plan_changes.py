"""The changes of a plan in JSON, attribute by attribute."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from msgspec import UNSET, UnsetType

from terrace import words
from terrace.plans.attribute_diff import ABSENT, Difference, ShownDiff, resource_diff
from terrace.plans.model import MASKED, UNKNOWN, Action, ResourceChange, Value
from terrace.report.json.record import JsonRecord


class DifferencePart(JsonRecord):
    """An attribute that a change alters, or one value in it."""

    path: str
    """Path of the value, for example `policy.Statement[Sid="read"].Action[0]`."""
    action: str
    """`add`, `remove`, `change`, or `move` for an element of a list that has another position."""
    before: Any | UnsetType = UNSET
    """Value before; left out where there is none. A sensitive value is `(sensitive)`."""
    after: Any | UnsetType = UNSET
    """Value after; left out where there is none. `(known after apply)` or `(sensitive)` where it is that."""
    forces_replacement: bool = False
    """True if this value forces the replacement of the resource."""
    exposes: str = ""
    """Access that this value opens, for example `open to everyone`."""


class ChangePart(JsonRecord):
    """A change of one resource in a plan."""

    address: str
    """Address of the resource."""
    type: str
    """Type of the resource."""
    actions: Action
    """Action of the plan on the resource."""
    replace_reasons: tuple[str, ...]
    """Paths of the attributes that force the replacement."""
    unknown: tuple[str, ...]
    """Paths of the attributes that are known only after the apply."""
    sensitive: tuple[str, ...]
    """Paths of the sensitive attributes."""
    deposed: str = ""
    """Key of a deposed object."""
    imported: bool = False
    """True if the resource is imported."""
    moved_from: str | None = None
    """Previous address of the resource."""
    differences: tuple[DifferencePart, ...] = ()
    """Values that the change alters: those that force a replacement first, then those that open something. Attributes
    that are known only after the apply are in `unknown`."""
    hidden: tuple[str, ...] = ()
    """Attributes with a sensitive value that changes."""
    exposes: tuple[str, ...] = ()
    """Everything that the change opens, for example `public`."""


def change_part(change: ResourceChange) -> ChangePart:
    """Returns a change with its differences. The values of the change must be masked already."""
    diff = resource_diff(change)
    shown: ShownDiff = diff.select_shown()
    return ChangePart(
        address=change.address,
        type=change.type,
        actions=change.action,
        replace_reasons=tuple(map(words.attribute_path, change.replace_paths)),
        unknown=tuple(map(words.attribute_path, change.unknown)),
        sensitive=tuple(map(words.attribute_path, change.sensitive)),
        deposed=change.deposed or "",
        imported=bool(change.importing),
        moved_from=change.previous_address or None,
        differences=tuple(map(difference_part, shown.differences)),
        hidden=shown.hidden,
        exposes=diff.exposes,
    )


def difference_part(difference: Difference) -> DifferencePart:
    """Returns one difference. Its values must be masked already."""
    action = (
        "move"
        if difference.moved
        else "add"
        if difference.is_added
        else "remove"
        if difference.is_removed
        else "change"
    )
    return DifferencePart(
        path=difference.name,
        action=action,
        before=_value(difference.before),
        after=_value(difference.after),
        forces_replacement=difference.forces,
        exposes=difference.exposes,
    )


def _value(value: Value) -> Any:
    if value is ABSENT:
        return UNSET
    if value is MASKED or value is UNKNOWN:
        return repr(value)
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, dict):
        return {name: _value(inner) for name, inner in value.items()}
    return [_value(inner) for inner in value] if isinstance(value, list) else value
