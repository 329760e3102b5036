"""Finds the part of one planned change that an approval covers: the attributes that the change would alter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from terrace.plans import json_format
from terrace.plans.addresses import block_of
from terrace.plans.masking import paths
from terrace.plans.model import Path

IDENTITY = ("id", "arn", "self_link")
"""Attributes that name one object of the cloud: a change covers that object, whatever else it alters."""

Computed = Mapping[tuple[str, str], frozenset[str]]
"""By provider and resource type, the attributes that the provider computes and that no configuration can set."""

_ABSENT = object()
_NOWHERE: list[list[str | int]] = []
_NO_MARKS = [_NOWHERE, _NOWHERE]
_encoder = msgspec.json.Encoder(decimal_format="number")


@dataclass(frozen=True, slots=True)
class Comparison:
    """The parts of a plan that a digest leaves out. `allowed` are `address.attribute` entries whose value may differ
    from plan to plan.
    """

    computed: Computed = field(default_factory=dict)
    allowed: tuple[str, ...] = ()

    def unsettable(self, resource: json_format.Resource) -> frozenset[str]:
        """Returns the attributes of an object that no configuration can set, without those that identify it."""
        return self.computed.get((resource.provider_name, resource.type), frozenset()) - set(IDENTITY)

    def attributes(self, address: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """Returns the allowed entries of one address with the attribute path of each."""
        names = (address, block_of(address))
        attributes_found = []
        for entry in self.allowed:
            name = next((name for name in names if entry.startswith(f"{name}.")), None)
            if name is not None:
                attributes_found.append((entry, tuple(entry[len(name) + 1 :].split("."))))
        return tuple(attributes_found)


@dataclass(frozen=True, slots=True)
class Trees:
    """The five values of one change in `show -json`: two values and the marks on them."""

    before: Any
    after: Any
    unknown: Any
    before_sensitive: Any
    after_sensitive: Any

    @staticmethod
    def of(change: json_format.Change) -> Trees:
        """Decodes them."""
        return Trees(
            json_format.value(change.before),
            json_format.value(change.after),
            json_format.value(change.after_unknown),
            json_format.value(change.before_sensitive),
            json_format.value(change.after_sensitive),
        )

    def without(self, path: tuple[str, ...]) -> Trees:
        """Returns them without one attribute."""
        trees = (self.before, self.after, self.unknown, self.before_sensitive, self.after_sensitive)
        return Trees(*(_without(tree, path) for tree in trees))


EVERYTHING = Comparison()
"""Leaves nothing out: without provider schemas and without volatile attributes."""


def approval_coverage(resource: json_format.Resource, comparison: Comparison) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Returns what an approval of this change covers, and the allowed entries that would be part of it otherwise.

    An attribute that is equal before and after is left out, so a value that the provider moves from minute to minute
    (`aws_db_instance.latest_restorable_time`) does not make the change different. Left out too is the old value of a
    computed attribute that the change does away with. A new object is covered with all its values, and every object by
    its identity.
    """
    trees = Trees.of(resource.change)
    volatile = []
    for entry, path in comparison.attributes(resource.address):
        less = trees.without(path)
        if _list_alterations(less, frozenset()) != _list_alterations(trees, frozenset()):
            volatile.append(entry)
            trees = less
    computed = comparison.unsettable(resource)
    before, after = trees.before, trees.after
    return (
        {
            "identity": {name: before[name] for name in IDENTITY if name in before} if isinstance(before, dict) else {},
            "altered": _list_alterations(trees, computed),
            # Equal attributes count where an object is made: they are what it is made with.
            "made": after if "create" in resource.change.actions else None,
            "volatile": volatile,
        },
        tuple(volatile),
    )


def list_alterations(change: json_format.Change) -> list[Any]:
    """Returns every difference that a change makes, as canonical data."""
    return _list_alterations(Trees.of(change), frozenset())


def _list_alterations(trees: Trees, computed: frozenset[str]) -> list[Any]:
    altered_paths: list[Any] = []
    _gather(
        altered_paths,
        (),
        trees.before,
        trees.after,
        trees.unknown,
        trees.before_sensitive,
        trees.after_sensitive,
        computed,
    )
    return altered_paths


def _gather(
    altered_paths: list[Any],
    at: Path,
    before: Any,
    after: Any,
    unknown: Any,
    before_marks: Any,
    after_marks: Any,
    computed: frozenset[str] = frozenset(),
) -> None:
    """Adds every difference below `at`, in the order of the names. This is run for each attribute of a plan: most are
    equal, or whole values of a new object, and those take the short ways."""
    if unknown is not True and _are(dict, before, after, whole=not at):
        sides = [side for side in (before, after, unknown, before_marks, after_marks) if isinstance(side, dict)]
        for name in sorted(set[str]().union(*sides)):
            old = before.get(name, _ABSENT) if before is not None else _ABSENT
            other = after.get(name, _ABSENT) if after is not None else _ABSENT
            mark = _mark(unknown, name) if unknown else None
            was = _mark(before_marks, name) if before_marks else None
            will = _mark(after_marks, name) if after_marks else None
            if not mark and not was and not will:
                if _is_plainly_equal(old, other):
                    continue
                if old is _ABSENT:
                    altered_paths.append([[*at, name], {"after": other, "unknown": _NOWHERE, "marks": _NO_MARKS}])
                    continue
            first = len(altered_paths)
            _gather(altered_paths, (*at, name), old, other, mark, was, will)
            if not at and name in computed and _is_ending(other, mark):
                for _, leaf in altered_paths[first:]:
                    leaf.pop("before", None)
    elif unknown is not True and _are(list, before, after) and len(before) == len(after):
        for index, (old, other) in enumerate(zip(before, after, strict=True)):
            marks = _mark(unknown, index), _mark(before_marks, index), _mark(after_marks, index)
            if any(marks) or not _is_plainly_equal(old, other):
                _gather(altered_paths, (*at, index), old, other, *marks)
    else:
        leaf = _leaf(before, after, unknown, before_marks, after_marks)
        if leaf is not None:
            altered_paths.append([list(at), leaf])


def _is_plainly_equal(value: Any, other: Any) -> bool:
    """Returns True only if two values are certainly the same."""
    if type(value) is not type(other) or value != other:
        return False
    # Values within them may be equal and not the same: True and 1.
    return not isinstance(value, dict | list) or _encoder.encode(value) == _encoder.encode(other)


def _is_ending(after: Any, unknown: Any) -> bool:
    """Returns whether the change removes the old value, whatever it is at that time."""
    return after is None or after is _ABSENT or any(True for _ in paths(unknown))


def _leaf(before: Any, after: Any, unknown: Any, before_marks: Any, after_marks: Any) -> dict[str, Any] | None:
    """Returns the whole of one value that is another after the change, None for one that is the same."""
    marks = [_sorted_paths(before_marks), _sorted_paths(after_marks)]
    later = _sorted_paths(unknown)
    if not later and marks[0] == marks[1] and _same(before, after):
        return None
    values = {"before": before, "after": after}
    present = {name: value for name, value in values.items() if value is not _ABSENT}
    return {**present, "unknown": later, "marks": marks}


def _sorted_paths(marks: Any) -> list[list[str | int]]:
    return sorted(map(list, paths(marks)), key=str) if marks else []


def _same(value: Any, other: Any) -> bool:
    # In Python True equals 1, and in a plan it does not.
    if isinstance(value, bool) is not isinstance(other, bool):
        return False
    if isinstance(value, list) and isinstance(other, list):
        return len(value) == len(other) and all(map(_same, value, other))
    if isinstance(value, dict) and isinstance(other, dict):
        return value.keys() == other.keys() and all(_same(value[name], other[name]) for name in value)
    return bool(value == other)


def _are(kind: type, value: Any, other: Any, *, whole: bool = False) -> bool:
    """Returns whether both have a type. For a `whole` resource one may be missing: it is created or deleted."""
    if isinstance(value, kind):
        return isinstance(other, kind) or (whole and other is None)
    return whole and value is None and isinstance(other, kind)


def _mark(marks: Any, at: str | int) -> Any:
    if marks is True:
        return True
    if isinstance(marks, dict):
        return marks.get(at)
    return marks[at] if isinstance(marks, list) and isinstance(at, int) and at < len(marks) else None


def _without(value: Any, path: tuple[str, ...]) -> Any:
    """Returns a value without one path of names; lists are passed through."""
    if isinstance(value, list):
        return [_without(item, path) for item in value]
    if not isinstance(value, dict) or path[0] not in value:
        return value
    if len(path) == 1:
        return {name: inner for name, inner in value.items() if name != path[0]}
    return {name: _without(inner, path[1:]) if name == path[0] else inner for name, inner in value.items()}
