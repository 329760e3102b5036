"""Replaces the values that Terraform marks as sensitive or unknown, before anything else reads them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from terrace.plans.model import MASKED, UNKNOWN, Path, Value


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
