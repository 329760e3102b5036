"""Replaces the values that Terraform marks as sensitive or unknown, before anything else reads them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from terrace.plans.model import MASKED, UNKNOWN, Path, Value
from terrace.plans.normalization import normalize


def mask(value: Any, sensitive: Any, unknown: Any = None) -> Value:
    """Returns the value with MASKED and UNKNOWN at the marked places. Marks have its shape, or are True for all of it.

    Sensitive wins over unknown. Nothing is copied where nothing is marked.
    """
    if sensitive is True:
        return MASKED
    if unknown is True:
        return UNKNOWN
    if not sensitive and not unknown:
        return value
    if isinstance(value, dict) or (value is None and (isinstance(sensitive, dict) or isinstance(unknown, dict))):
        return _object(value or {}, sensitive, unknown)
    if isinstance(value, list):
        return [mask(item, _at(sensitive, i), _at(unknown, i)) for i, item in enumerate(value)]
    return value


def changed_secrets(
    before: Any, masked_before: Value, after: Any, masked_after: Value, at: Path = ()
) -> Iterator[Path]:
    """Yields the paths of masked values that differ, by the values themselves and as they are masked.

    A path leads through objects only: a list with such values is one path. The order of its elements is ignored, and
    so are elements that are only added or only removed, because those are visible.
    """
    if isinstance(masked_before, dict) and isinstance(masked_after, dict):
        old, new = (side if isinstance(side, dict) else {} for side in (before, after))
        for name in sorted(masked_before.keys() | masked_after.keys()):
            sides = (old.get(name), masked_before.get(name), new.get(name), masked_after.get(name))
            yield from changed_secrets(*sides, (*at, name))
    elif isinstance(masked_before, list) and isinstance(masked_after, list):
        old_parts = Counter(map(repr, _secret_parts(before, masked_before) or ()))
        new_parts = Counter(map(repr, _secret_parts(after, masked_after) or ()))
        if old_parts - new_parts and new_parts - old_parts:
            yield at
    elif _secret_parts(before, masked_before) != _secret_parts(after, masked_after):
        yield at


def _secret_parts(value: Any, masked: Value) -> Any:
    """Returns what is masked of a value, in its shape; None where nothing is."""
    if masked is MASKED:
        return [normalize(value)]
    if isinstance(masked, dict) and isinstance(value, dict):
        parts = {name: part for name, side in masked.items() if (part := _secret_parts(value.get(name), side))}
        return parts or None
    if isinstance(masked, list) and isinstance(value, list):
        elements = [part for item, side in zip(value, masked, strict=False) if (part := _secret_parts(item, side))]
        return sorted(elements, key=repr) or None
    return None


def paths(marks: Any, prefix: Path = ()) -> Iterator[Path]:
    """Yields the paths of the marks, in order."""
    if marks is True:
        yield prefix
    elif isinstance(marks, dict):
        for name, inner in marks.items():
            yield from paths(inner, (*prefix, name))
    elif isinstance(marks, list):
        for index, inner in enumerate(marks):
            yield from paths(inner, (*prefix, index))


def _object(value: dict[str, Any], sensitive: Any, unknown: Any) -> dict[str, Value]:
    result = dict(value)
    if isinstance(sensitive, dict):
        for name, inner in sensitive.items():
            if inner and name in value:
                result[name] = mask(value[name], inner, _of(unknown, name))
    if isinstance(unknown, dict):
        for name, inner in unknown.items():
            # An attribute that is unknown as a whole is absent from the value.
            if inner and (name in value or any(True for _ in paths(inner))):
                result[name] = mask(value.get(name), _of(sensitive, name), inner)
    return result


def _of(marks: Any, name: str) -> Any:
    return marks.get(name) if isinstance(marks, dict) else None


def _at(marks: Any, index: int) -> Any:
    return marks[index] if isinstance(marks, list) and index < len(marks) else None
